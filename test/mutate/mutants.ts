import { parseSync } from 'oxc-parser';
import { mutatePattern } from './pattern.ts';

/** A small change of a source text that a test should notice. */
export interface Mutant {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** A node of the parser's tree: ESTree, including TypeScript's nodes. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  // biome-ignore lint/suspicious/noExplicitAny: which fields there are depends on the type
  readonly [field: string]: any;
}

/** What each operator may be mistaken for. */
const operators: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '&': ['|'],
  '|': ['&'],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '++': ['--'],
  '--': ['++'],
  '+=': ['-='],
  '-=': ['+='],
  '??=': ['=', '&&='],
  '&&=': ['=', '||='],
  '||=': ['=', '&&='],
};

/** Methods that are easily mistaken for each other. */
const methods: ReadonlyMap<string, string> = new Map(
  Object.entries({
    every: 'some',
    some: 'every',
    min: 'max',
    max: 'min',
    find: 'findLast',
    findLast: 'find',
    findIndex: 'findLastIndex',
    findLastIndex: 'findIndex',
    indexOf: 'lastIndexOf',
    lastIndexOf: 'indexOf',
    startsWith: 'endsWith',
    endsWith: 'startsWith',
    floor: 'ceil',
    ceil: 'floor',
    push: 'unshift',
    shift: 'pop',
    has: 'delete',
    trimEnd: 'trimStart',
    trimStart: 'trimEnd',
  }),
);

/** Methods whose result has the same type as their object, so that the call may be left out. */
const transparent = new Set(['filter', 'trim', 'trimEnd', 'trimStart', 'slice', 'subarray', 'reverse', 'toReversed', 'sort', 'replace']);

const comparisons = new Set(['<', '<=', '>', '>=', '===', '!==']);
const loops = new Set(['ForStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement']);

/** All mutants of a module, in the order of its text, each once. */
export function mutantsOf(path: string, source: string): Mutant[] {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`cannot parse ${path}: ${errors[0]?.message}`);
  const found = new Map<string, Mutant>();
  const text = ({ start, end }: Node) => source.slice(start, end);

  function add(start: number, end: number, replacement: string): void {
    if (source.slice(start, end) !== replacement) found.set(`${start} ${end} ${replacement}`, { start, end, replacement });
  }
  const replace = ({ start, end }: Node, ...replacements: readonly string[]) => {
    for (const replacement of replacements) add(start, end, replacement);
  };

  function replaceOperator(from: number, to: number, operator: string): void {
    const start = source.indexOf(operator, from);
    if (start === -1 || start >= to) throw new Error(`no ${operator} where ${path} should have one`);
    for (const other of operators[operator] ?? []) add(start, start + operator.length, other);
  }

  /** Removes an element from a list, with the comma after it, or before it when it is the last. */
  function removeFrom(list: readonly Node[], index: number): void {
    const [before, node, after] = [list[index - 1], list[index] as Node, list[index + 1]];
    if (after !== undefined) add(node.start, after.start, '');
    else add(before?.end ?? node.start, node.end, '');
  }

  const mutate: Readonly<Record<string, (node: Node, parent: Node) => void>> = {
    BinaryExpression(node) {
      replaceOperator(node['left'].end, node['right'].start, node['operator']);
      if (comparisons.has(node['operator'])) replace(node, 'true', 'false');
    },
    LogicalExpression(node) {
      const { left, right, operator } = node;
      replaceOperator(left.end, right.start, operator);
      if (operator === '??') replace(node, text(left), text(right));
      else for (const operand of [left, right]) replace(operand, operator === '&&' ? 'true' : 'false');
    },
    IfStatement: (node) => replace(node['test'], 'true', 'false'),
    ConditionalExpression: (node) => replace(node['test'], 'true', 'false'),
    WhileStatement: (node) => replace(node['test'], 'false'),
    ForStatement: (node) => node['test'] && replace(node['test'], 'false'),
    UnaryExpression: (node) => (node['operator'] === '!' || node['operator'] === '-') && replace(node, text(node['argument'])),
    UpdateExpression: (node) => replaceOperator(node.start, node.end, node['operator']),
    AssignmentExpression: (node) => node['operator'] !== '=' && replaceOperator(node['left'].end, node['right'].start, node['operator']),
    AwaitExpression: (node) => replace(node, text(node['argument'])),
    ExpressionStatement: (node) => replace(node, ';'),
    BreakStatement: (node) => replace(node, ';'),
    ContinueStatement: (node) => replace(node, ';'),
    ThrowStatement: (node) => replace(node, ';'),
    ReturnStatement: (node) => replace(node, node['argument'] === null ? ';' : 'return undefined;'),
    ArrowFunctionExpression: (node) => node['body'].type !== 'BlockStatement' && replace(node['body'], 'undefined'),
    BlockStatement(node, parent) {
      const isBody = /Function|Catch|Try/.test(parent.type) || loops.has(parent.type);
      if (isBody && node['body'].length > 0) replace(node, '{}');
    },
    SwitchCase(node) {
      if (node['consequent'].length > 0) replace(node, '');
    },
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== 'MemberExpression' || callee.computed) return;
      const name: string = callee.property.name;
      const other = methods.get(name);
      if (other !== undefined) replace(callee.property, other);
      if (transparent.has(name)) replace(node, text(callee.object));
    },
    MemberExpression: (node) => node['optional'] && replaceOptional(node['object'].end),
    ArrayExpression: (node) => node['elements'].length > 0 && replace(node, '[]'),
    ObjectExpression(node) {
      for (const index of node['properties'].keys()) removeFrom(node['properties'], index);
    },
    TemplateLiteral: (node) => replace(node, '``'),
    Literal: mutateLiteral,
  };

  function mutateLiteral(node: Node): void {
    const { value, regex } = node;
    if (typeof value === 'boolean') replace(node, String(!value));
    else if (typeof value === 'number') replace(node, ...new Set([value + 1, value - 1, 0].map(String)));
    else if (typeof value === 'string') replace(node, value === '' ? "'mutant'" : "''");
    else if (regex) replace(node, ...mutatePattern(regex.pattern).map((pattern) => `/${pattern}/${regex.flags}`));
  }

  function replaceOptional(from: number): void {
    const start = source.indexOf('?.', from);
    add(start, start + 2, /[[(]/.test(source[start + 2] ?? '') ? '' : '.');
  }

  function visit(node: Node, parent: Node): void {
    // Of TypeScript's own nodes, mutates only the parts that exist at run time.
    if (node.type.startsWith('TS')) {
      if (node['expression']?.type) visit(node['expression'], parent);
      return;
    }
    if (node.type === 'ImportDeclaration') return;
    mutate[node.type]?.(node, parent);
    for (const [field, value] of Object.entries(node)) {
      // Does not mutate names, except computed ones.
      if ((field === 'key' || field === 'property') && node['computed'] !== true) continue;
      for (const child of Array.isArray(value) ? value : [value]) if (child?.type) visit(child, node);
    }
  }

  visit(program as unknown as Node, program as unknown as Node);
  return [...found.values()].filter(isModule).sort((one, other) => one.start - other.start || other.end - one.end);

  /** Whether the mutant parses: `a && b ?? c` does not, for example. */
  function isModule({ start, end, replacement }: Mutant): boolean {
    return parseSync(path, source.slice(0, start) + replacement + source.slice(end)).errors.length === 0;
  }
}
