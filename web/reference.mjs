// @ts-check
// Writes docs/client.md: what the client library offers, from its JSDoc. It begins
// with what switchyard.js exports, and goes on to every type that is named there.
//
//   npm run reference
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const lib = fileURLToPath(new URL('static/lib/', import.meta.url));
const target = new URL('../docs/client.md', import.meta.url);

/** @param {string} file of the library @returns {ts.Program} */
export function program(file = `${lib}switchyard.js`) {
  const read = ts.readConfigFile(`${lib}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, lib);
  return ts.createProgram([file], options);
}

/**
 * What can be told about a name of the library.
 * @typedef {ts.ClassDeclaration|ts.FunctionDeclaration|ts.JSDocTypedefTag} Told
 */

/** Makes the text of the reference of one program. */
class Reference {
  /** By name, wherever it is declared. @type {Map<string, Told>} */
  #known = new Map();
  /** Names that are told about, in their order. @type {Set<string>} */
  #told = new Set();
  #checker;
  #program;

  /** @param {ts.Program} program */
  constructor(program) {
    this.#program = program;
    this.#checker = program.getTypeChecker();
    for (const file of program.getSourceFiles().filter((f) => f.fileName.startsWith(lib))) {
      ts.forEachChild(file, (node) => this.#know(node));
    }
  }

  /** @param {ts.Node} node at the top of a file */
  #know(node) {
    if ((ts.isClassDeclaration(node) || ts.isFunctionDeclaration(node)) && node.name) {
      this.#known.set(node.name.text, node);
    }
    for (const comment of /** @type {{jsDoc?: ts.JSDoc[]}} */ (node).jsDoc ?? []) {
      for (const tag of comment.tags ?? []) {
        if (ts.isJSDocTypedefTag(tag) && tag.name) {
          this.#known.set(renamed(tag.name.getText(), tag), tag);
        }
      }
    }
  }

  /** @returns {string} */
  text() {
    const entry = this.#program.getSourceFile(`${lib}switchyard.js`);
    const exported = entry && this.#checker.getSymbolAtLocation(entry);
    const names = exported ? this.#checker.getExportsOfModule(exported).map((s) => s.name) : [];
    names.forEach((n) => this.#told.add(n));
    /** @type {string[]} */
    const values = [];
    /** @type {[string, string][]} */
    const types = [];
    for (const name of this.#told) { // grows meanwhile
      const node = /** @type {Told} */ (this.#known.get(name));
      if (ts.isClassDeclaration(node)) {
        values.push(this.#class(name, node, names.includes(name)));
      } else if (ts.isFunctionDeclaration(node)) {
        values.push(`## ${heading(node)}\n\n${this.#call(node)}`);
      } else {
        types.push([name, this.#typedef(name, node)]);
      }
    }
    types.sort(([a], [b]) => (a < b ? -1 : 1));
    return [...values, '## Types\n', ...types.map(([, text]) => text)].join('\n');
  }

  /**
   * A type as its author wrote it; what it names is told about as well.
   * @param {string} text
   */
  #type(text) {
    const one = text.trim().replace(/\s*\n\s*\*?\s*/g, ' ').replace(/^\((.*)\)$/, '$1');
    for (const [word] of one.replace(/'[^']*'/g, '').matchAll(/\b[A-Z]\w*/g)) {
      const node = this.#known.get(word);
      if (node && !has(node, 'internal')) {
        this.#told.add(word);
      }
    }
    return `\`${one}\``;
  }

  /** @param {ts.Node} node @returns {string} the type that the compiler finds */
  #found(node) {
    const signature = ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)
      ? this.#checker.getSignatureFromDeclaration(node) : undefined;
    const type = signature?.getReturnType() ?? this.#checker.getTypeAtLocation(node);
    return this.#checker.typeToString(type, node, ts.TypeFormatFlags.NoTruncation).replace(/import\("[^"]*"\)\./g, '');
  }

  /** @param {string} name @param {ts.ClassDeclaration} node @param {boolean} made by whoever uses the library */
  #class(name, node, made) {
    const parts = [`## ${name}\n`, about(node)];
    const base = ts.getJSDocAugmentsTag(node)?.class;
    const args = base?.typeArguments?.[0];
    if (base && args && ts.isTypeLiteralNode(args)) {
      const rows = args.members.filter(ts.isPropertySignature).map((m) =>
        `- \`${m.name.getText()}\`${m.type && m.type.getText() !== 'void' ? ` ${this.#type(m.type.getText())}` : ''}\n`);
      parts.push(`What listeners are given:\n\n${rows.join('')}`);
    }
    if (base) {
      this.#type(base.getText());
    }
    const fields = /** @type {string[]} */ ([]);
    const methods = /** @type {string[]} */ ([]);
    for (const m of node.members) {
      if ((m.name && ts.isPrivateIdentifier(m.name)) || has(m, 'internal')) {
        continue;
      }
      if (ts.isConstructorDeclaration(m)) {
        if (made) {
          methods.push(`### \`new ${name}(${params(m)})\`\n\n${this.#call(m)}`);
        }
      } else if (ts.isMethodDeclaration(m)) {
        methods.push(`### ${heading(m)}\n\n${this.#call(m)}`);
      } else if (m.name && !ts.isSetAccessor(m)) {
        const type = ts.getJSDocType(m) ?? ts.getJSDocReturnType(m);
        const told = about(m) || ts.getTextOfJSDocComment(ts.getJSDocTypeTag(m)?.comment ?? ts.getJSDocReturnTag(m)?.comment) || '';
        fields.push(`- \`${m.name.getText()}\` ${this.#type(type?.getText() ?? this.#found(m))}: ${linked(told).trim().replace(/\s*\n\s*/g, ' ')}`.replace(/: $/, '') + '\n');
      }
    }
    return [...parts, fields.length > 0 ? `Fields:\n\n${fields.join('')}` : '', ...methods].filter((p) => p !== '').join('\n');
  }

  /** @param {ts.MethodDeclaration|ts.FunctionDeclaration|ts.ConstructorDeclaration} node */
  #call(node) {
    const rows = ts.getJSDocTags(node).filter(ts.isJSDocParameterTag).map((tag) => {
      const type = tag.typeExpression?.type.getText() ?? 'any';
      const more = linked(ts.getTextOfJSDocComment(tag.comment) ?? '').replace(/\s*\n\s*/g, ' ');
      return `- \`${tag.name.getText()}\` ${this.#type(type)}${tag.isBracketed ? ', optional' : ''}${more ? `: ${more}` : ''}\n`;
    });
    const returned = ts.getJSDocReturnTag(node);
    if (!ts.isConstructorDeclaration(node)) {
      const type = returned?.typeExpression?.type.getText() ?? this.#found(node);
      const more = linked(ts.getTextOfJSDocComment(returned?.comment) ?? '').replace(/\s*\n\s*/g, ' ');
      if (type !== 'void') {
        rows.push(`- returns ${this.#type(type)}${more ? `: ${more}` : ''}\n`);
      }
    }
    return [about(node), rows.join('')].filter((p) => p !== '').join('\n');
  }

  /** @param {string} name @param {ts.JSDocTypedefTag} tag */
  #typedef(name, tag) {
    const told = linked(ts.getTextOfJSDocComment(tag.comment) ?? '').replace(/\s*\n\s*/g, ' ');
    const type = tag.typeExpression;
    if (type && ts.isJSDocTypeLiteral(type)) {
      const rows = (type.jsDocPropertyTags ?? []).map((p) => {
        const more = linked(ts.getTextOfJSDocComment(p.comment) ?? '').replace(/\s*\n\s*/g, ' ');
        const kind = this.#type(renamed(p.typeExpression?.type.getText() ?? 'any', tag));
        return `- \`${p.name.getText()}\` ${kind}${p.isBracketed ? ', optional' : ''}${more ? `: ${more}` : ''}\n`;
      });
      return `### ${name}\n${told ? `\n${told}\n` : ''}\n${rows.join('')}`;
    }
    const whole = type && ts.isJSDocTypeExpression(type) ? this.#type(renamed(type.type.getText(), tag)) : '';
    return `### ${name}\n\n${whole}${told ? `: ${told}` : ''}\n`;
  }
}

/** @param {ts.Node} node @param {string} tag */
const has = (node, tag) => ts.getJSDocTags(node).some((t) => t.tagName.text === tag);

/** @param {string} text with `{@link Name}`, or `{@link Name.method}` */
const linked = (text) => text.replace(/\{@link\s+(\w+)(\.\w+)?\s*\}/g, (_, name, member = '') => `[\`${name}${member}\`](#${name.toLowerCase()})`);

/**
 * What the protocol calls Room is told about by the name that the class of that name
 * has for it.
 * @param {string} text @param {ts.Node} node where it stands
 */
const renamed = (text, node) => (node.getSourceFile().fileName.endsWith('/protocol.js') ? text.replace(/\bRoom\b/g, 'RoomInfo') : text);

/** @param {ts.Node} node @returns {string} what its comment says before the tags */
function about(node) {
  const comment = (/** @type {{jsDoc?: ts.JSDoc[]}} */ (node).jsDoc ?? []).at(-1)?.comment;
  const text = linked(ts.getTextOfJSDocComment(comment) ?? '').trim();
  return text ? `${text}\n` : '';
}

/** @param {ts.SignatureDeclaration} node */
function params(node) {
  const optional = new Set(ts.getJSDocTags(node).filter(ts.isJSDocParameterTag)
    .filter((t) => t.isBracketed).map((t) => t.name.getText()));
  return node.parameters.map((p) => p.name.getText()).map((n) => (optional.has(n) ? `${n}?` : n)).join(', ');
}

/** @param {ts.MethodDeclaration|ts.FunctionDeclaration} node */
const heading = (node) => `\`${node.name?.getText()}(${params(node)})\``;

/** @returns {Promise<string>} the page, as it should be */
export async function reference() {
  const readme = await readFile(`${lib}README.md`, 'utf8');
  const head = '<!-- Generated by `npm run reference` in web/, from web/static/lib; do not edit. -->\n';
  const intro = readme.replaceAll('https://github.com/switchyard-rtc/switchyard/blob/main/docs/', '')
    .replaceAll('https://github.com/switchyard-rtc/switchyard/blob/main/', '../')
    .replace('Every method and event: [docs/client.md](client.md). ', '');
  return [head, intro, new Reference(program()).text()].join('\n').replace(/\n{3,}/g, '\n\n').trimEnd() + '\n';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(target, await reference());
}
