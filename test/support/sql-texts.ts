/**
 * The SQL that stands in TypeScript: every string and template of a file, with constants put in
 * where they are used, also those of other files, and a name in the place of what is known at run
 * time only. Nothing is run for it.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync, Visitor, type ESTree } from 'vite';

/** Stands for a column, a condition, a number or a table that is known at run time. */
export const HOLE = 'hole';
const DEPTH_MAX = 8;

export type SqlText = {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  /** Where its constants are written: 'path:line'. */
  readonly parts: readonly string[];
};

type Written = { readonly start: number; readonly node: ESTree.Expression };
type Module = {
  readonly path: string;
  readonly text: string;
  readonly constants: ReadonlyMap<string, ESTree.Expression>;
  /** Local name to the file and the name there. */
  readonly imports: ReadonlyMap<string, readonly [path: string, name: string]>;
  readonly written: readonly Written[];
};

/** `folders` maps a subpath import to its folder: '#platform/' to 'platform/'. */
export function createSqlReader(root: string, folders: Readonly<Record<string, string>>) {
  const modules = new Map<string, Module>();
  const moduleAt = (path: string): Module => {
    const known = modules.get(path) ?? readModule(root, path, folders);
    modules.set(path, known);
    return known;
  };
  const constantOf = (module: Module, name: string): Found | undefined => {
    const own = module.constants.get(name);
    if (own !== undefined) return { module, node: own };
    const [path, exported] = module.imports.get(name) ?? [];
    if (path === undefined || exported === undefined) return undefined;
    const node = moduleAt(path).constants.get(exported);
    return node && { module: moduleAt(path), node };
  };
  const fold = (module: Module, node: ESTree.Expression, parts: string[], depth = 0): string => {
    if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
    if (node.type === 'Identifier' && depth < DEPTH_MAX) {
      const found = constantOf(module, node.name);
      if (found === undefined || !isText(found.node)) return HOLE;
      parts.push(placeOf(found.module, found.node.start));
      return fold(found.module, found.node, parts, depth + 1);
    }
    if (node.type === 'TSAsExpression') return fold(module, node.expression, parts, depth);
    if (node.type === 'MemberExpression') return memberOf(module, node, parts, depth);
    if (node.type !== 'TemplateLiteral') return HOLE;
    return node.quasis.reduce((text, { value }, n) => {
      const expression = node.expressions[n];
      const own = text + (value.cooked ?? value.raw);
      if (expression === undefined) return own;
      // A number of a parameter.
      if (own.endsWith('$')) return `${own}1`;
      return own + fold(module, expression, parts, depth);
    }, '');
  };
  /** Of a table of texts: the one that is named, or else the first. */
  const memberOf = (
    module: Module,
    { object, property, computed }: ESTree.MemberExpression,
    parts: string[],
    depth: number,
  ): string => {
    const found = object.type === 'Identifier' ? constantOf(module, object.name) : undefined;
    const node = found?.node.type === 'TSAsExpression' ? found.node.expression : found?.node;
    if (found === undefined || node?.type !== 'ObjectExpression' || depth >= DEPTH_MAX) return HOLE;
    const own = node.properties.filter((one) => one.type === 'Property');
    const named = own.find(
      ({ key }) =>
        !computed &&
        key.type === 'Identifier' &&
        property.type === 'Identifier' &&
        key.name === property.name,
    );
    const member = named ?? own[0];
    if (member === undefined) return HOLE;
    parts.push(...own.map(({ value }) => placeOf(found.module, value.start)));
    return fold(found.module, member.value, parts, depth + 1);
  };
  return {
    textsOf(path: string): SqlText[] {
      const module = moduleAt(path);
      return module.written.map(({ start, node }) => {
        const parts: string[] = [];
        const text = fold(module, node, parts);
        return { path, line: lineAt(module.text, start), text, parts };
      });
    },
  };
}

type Found = { readonly module: Module; readonly node: ESTree.Expression };

function readModule(root: string, path: string, folders: Readonly<Record<string, string>>): Module {
  const text = readFileSync(join(root, path), 'utf8');
  const constants = new Map<string, ESTree.Expression>();
  const imports = new Map<string, readonly [string, string]>();
  const written: Written[] = [];
  new Visitor({
    VariableDeclarator: ({ id, init }) => {
      if (id.type === 'Identifier' && init !== null) constants.set(id.name, init);
    },
    ImportDeclaration: ({ source, specifiers }) => {
      const file = fileOf(path, source.value, folders);
      for (const one of specifiers) {
        if (file === undefined || one.type !== 'ImportSpecifier') continue;
        if (one.imported.type === 'Identifier') {
          imports.set(one.local.name, [file, one.imported.name]);
        }
      }
    },
    Literal: (node) => {
      if (typeof node.value === 'string') written.push({ start: node.start, node });
    },
    TemplateLiteral: (node) => void written.push({ start: node.start, node }),
  }).visit(parseSync(path, text, { lang: 'ts', sourceType: 'module' }).program);
  return { path, text, constants, imports, written };
}

function fileOf(
  from: string,
  source: string,
  folders: Readonly<Record<string, string>>,
): string | undefined {
  if (source.startsWith('.')) return join(dirname(from), source);
  const [prefix, folder] = Object.entries(folders).find(([key]) => source.startsWith(key)) ?? [];
  return prefix === undefined ? undefined : `${folder}${source.slice(prefix.length)}`;
}

function isText(node: ESTree.Expression): boolean {
  return node.type === 'TemplateLiteral' || node.type === 'Literal';
}

function placeOf({ path, text }: Module, start: number): string {
  return `${path}:${lineAt(text, start)}`;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
