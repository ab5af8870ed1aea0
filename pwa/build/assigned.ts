/** Which names of a program's top level are given another value inside a function: whoever copied the first holds a stale one. */

export interface Node {
  type: string
  start: number
  end: number
  [field: string]: unknown
}

type Names = ReadonlySet<string>

export function assignedLater(program: Node, names: Names): string[] {
  const found = new Set<string>()
  const walk = (node: Node, hidden: Names, inFunction: boolean): void => {
    const inside = inFunction || isFunction(node)
    const now = node === program ? hidden : new Set([...hidden, ...declaredBy(node)])
    if (inside) {
      for (const name of targetsOf(node)) if (names.has(name) && !now.has(name)) found.add(name)
    }
    for (const child of childrenOf(node)) walk(child, now, inside)
  }
  walk(program, new Set(), false)
  return [...found]
}

function isFunction(node: Node): boolean {
  return node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value: unknown) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []))
}

/** The names that mean something else inside this node. */
function declaredBy(node: Node): string[] {
  if (isFunction(node)) {
    const own = node.type === 'FunctionExpression' && isNode(node.id) ? namesIn(node.id) : []
    return [...own, ...(node.params as Node[]).flatMap(namesIn), ...varsIn(node.body as Node)]
  }
  if (node.type === 'CatchClause') return isNode(node.param) ? namesIn(node.param) : []
  if (node.type === 'ClassExpression') return isNode(node.id) ? namesIn(node.id) : []
  return childrenOf(node).flatMap((child) => {
    if (child.type === 'VariableDeclaration') return child.kind === 'var' ? [] : varNames(child)
    return (child.type === 'FunctionDeclaration' || child.type === 'ClassDeclaration') && isNode(child.id) ? namesIn(child.id) : []
  })
}

/** `var` belongs to the whole function, wherever it stands in it. */
function varsIn(node: Node): string[] {
  const own = node.type === 'VariableDeclaration' && node.kind === 'var' ? varNames(node) : []
  return [...own, ...childrenOf(node).flatMap((child) => (isFunction(child) ? [] : varsIn(child)))]
}

function varNames(declaration: Node): string[] {
  return (declaration.declarations as Node[]).flatMap(({ id }) => namesIn(id as Node))
}

/** The names that a pattern binds or assigns. */
function namesIn(pattern: Node): string[] {
  if (pattern.type === 'Identifier') return [String(pattern.name)]
  if (pattern.type === 'MemberExpression') return []
  if (pattern.type === 'AssignmentPattern') return namesIn(pattern.left as Node)
  if (pattern.type === 'Property') return namesIn(pattern.value as Node)
  return childrenOf(pattern).flatMap(namesIn)
}

function targetsOf(node: Node): string[] {
  if (node.type === 'AssignmentExpression') return namesIn(node.left as Node)
  if (node.type === 'UpdateExpression') return namesIn(node.argument as Node)
  const loop = node.type === 'ForInStatement' || node.type === 'ForOfStatement'
  return loop && (node.left as Node).type !== 'VariableDeclaration' ? namesIn(node.left as Node) : []
}
