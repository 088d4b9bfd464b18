/**
 * Writes `docs/configuration.md` from the schema, so that the page cannot say anything else than the check does.
 * Run it to write the page: `node packages/agent/src/config/document.ts > docs/configuration.md`.
 */
import { configReader, type SchemaNode } from './schema-node.ts'

const titles: Readonly<Record<string, string>> = {
  host: 'This host',
  capacity: 'Capacity: what this host has',
  reserve: 'Reserve: kept free for the host itself',
  hypervisor: 'Hypervisor',
  network: 'Network: other agents',
  policy: 'Policy: when to act, and how much at once',
  api: 'Local API',
  log: 'Log',
}

const introduction = `# Configuration

<!-- Generated: node packages/agent/src/config/document.ts > docs/configuration.md -->

drover reads, later wins:

1. \`/etc/drover/config.toml\`, then \`/etc/drover/config.d/*.toml\` in the order of their names; or only the file given with \`--config\`;
2. environment variables: \`DROVER_POLICY__COOLDOWN_MS=600000\` is \`policy.cooldown_ms\` (a double underscore nests; lists are separated by commas);
3. flags: \`--set policy.cooldown_ms=600000\`, and short forms such as \`--mode auto\`.

The rules of all files add up; every other value is replaced by the later source. An unknown or ill-typed key is an error: \`drover config validate\` names all of them at once, with file, line and a suggestion, and exits with 2. Secrets come from files only. A change needs a restart of the agent, which never moves a VM.

The smallest useful file:

\`\`\`toml
[network]
bootstrap = ["/ip4/10.0.0.7/tcp/7946"]
cluster_key_file = "/etc/drover/cluster.key"   # openssl rand -base64 32; the same on every host
\`\`\`
`

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const typeText = (node: SchemaNode): string => {
  if (node.const !== undefined) return 'text'
  if (node.enum !== undefined) return node.enum.map((value) => `\`"${value}"\``).join(', ')
  const type =
    node.type === 'array'
      ? 'list of text'
      : node.type === 'string'
        ? 'text'
        : node.type === 'integer'
          ? 'whole number'
          : (node.type ?? '')
  return node.unit === undefined ? type : `${type}, ${node.unit}`
}

const defaultText = (node: SchemaNode): string =>
  node.byPreset !== undefined
    ? node.byPreset.join(' / ')
    : node.defaultText !== undefined
      ? node.defaultText
      : node.default !== undefined
        ? `\`${JSON.stringify(node.default)}\``
        : 'required'

const row = (key: string, node: SchemaNode): string =>
  `| \`${key}\` | ${cell(typeText(node))} | ${cell(defaultText(node))} | ${cell(node.description ?? '')} | ${cell(node.prevents ?? '')} |`

const head = '| Key | Type | Default | What | Prevents |\n|---|---|---|---|---|'

/** The rows of one table: its own keys, and those of the tables in it with dots. */
const rows = (node: SchemaNode, prefix = ''): readonly string[] =>
  Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    child.properties === undefined ? [row(prefix + key, child)] : rows(child, `${prefix}${key}.`),
  )

const ruleRows = (items: SchemaNode): readonly string[] => {
  const seen = new Map<string, string>()
  for (const variant of items.oneOf ?? items.anyOf ?? [])
    for (const [key, node] of Object.entries(variant.properties ?? {}))
      if (!seen.has(key)) seen.set(key, row(key, node))
  return [...seen.values()]
}

export const configurationPage = (): string => {
  const sections = Object.entries(configReader.root.properties ?? {})
  const top = sections.filter(([, node]) => node.properties === undefined && node.type !== 'array')
  const parts = [introduction, '## Top level\n', head, ...top.map(([key, node]) => row(key, node)), '']
  for (const [key, node] of sections) {
    if (node.properties === undefined) continue
    parts.push(`## ${titles[key] ?? key}\n`, `\`[${key}]\`\n`)
    if (key === 'policy')
      parts.push(
        'Where three defaults are given, they are those of `conservative / balanced / aggressive`.\n',
      )
    parts.push(head, ...rows(node), '')
  }
  const items = configReader.root.properties?.['rules']?.items
  if (items !== undefined)
    parts.push(
      '## Rules\n',
      '```toml\n[[rules]]\nname = "database replicas"\nkind = "spread"\nvms = ["6fa9ec2d-2c4e-4f6e-8f0e-4f2b7c1d0001", "6fa9ec2d-2c4e-4f6e-8f0e-4f2b7c1d0002"]\n```\n',
      head,
      ...ruleRows(items),
      '',
    )
  return parts.join('\n')
}

if (import.meta.main) process.stdout.write(configurationPage())
