// An index over a FileDescriptorSet for reflection: which file declares a name, and a file with all
// its imports as the bytes that protoc wrote (nothing is decoded and encoded again, so nothing is
// lost). Only names are read, straight from the wire format. Field numbers are those of
// google/protobuf/descriptor.proto.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

type DescriptorFile = { bytes: Uint8Array; imports: string[]; symbols: string[] };

export type DescriptorIndex = {
  /** The file and everything that it imports; undefined when there is no such file. */
  filesByName(name: string): Uint8Array[] | undefined;
  /** The same for the file that declares a message, enum, service or method. */
  filesBySymbol(symbol: string): Uint8Array[] | undefined;
};

export function indexDescriptors(set: Uint8Array): DescriptorIndex {
  const files = new Map<string, DescriptorFile>();
  const fileOfSymbol = new Map<string, string>();
  for (const bytes of fieldsOf(set).get(SET_FILE) ?? []) {
    const { name, file } = readFile(bytes);
    files.set(name, file);
    for (const symbol of file.symbols) fileOfSymbol.set(symbol, name);
  }
  const filesByName = (name: string): Uint8Array[] | undefined => {
    if (!files.has(name)) return undefined;
    const wanted = new Set([name]); // grows while it is walked: a Set yields what is added
    for (const next of wanted) for (const i of files.get(next)?.imports ?? []) wanted.add(i);
    return [...wanted].flatMap((next) => files.get(next)?.bytes ?? []);
  };
  return {
    filesByName,
    filesBySymbol: (symbol) => {
      const name = fileOfSymbol.get(symbol);
      return name === undefined ? undefined : filesByName(name);
    },
  };
}

const NAME = 1; // of every kind of descriptor
const SET_FILE = 1;
const FILE = { package: 2, dependency: 3, message: 4, enum: 5, service: 6 } as const;
const MESSAGE = { nested: 3, enum: 4 } as const;
const SERVICE_METHOD = 2;

function readFile(bytes: Uint8Array): { name: string; file: DescriptorFile } {
  const fields = fieldsOf(bytes);
  const symbols: string[] = [];
  const scope = text(fields.get(FILE.package)?.[0]);
  for (const message of fields.get(FILE.message) ?? []) addMessage(symbols, scope, message);
  for (const one of fields.get(FILE.enum) ?? []) symbols.push(nameIn(scope, fieldsOf(one)));
  for (const service of fields.get(FILE.service) ?? []) {
    const serviceFields = fieldsOf(service);
    const name = nameIn(scope, serviceFields);
    symbols.push(name);
    for (const method of serviceFields.get(SERVICE_METHOD) ?? []) {
      symbols.push(nameIn(name, fieldsOf(method)));
    }
  }
  const imports = (fields.get(FILE.dependency) ?? []).map(text);
  return { name: text(fields.get(NAME)?.[0]), file: { bytes, imports, symbols } };
}

function addMessage(symbols: string[], scope: string, bytes: Uint8Array): void {
  const fields = fieldsOf(bytes);
  const name = nameIn(scope, fields);
  symbols.push(name);
  for (const nested of fields.get(MESSAGE.nested) ?? []) addMessage(symbols, name, nested);
  for (const one of fields.get(MESSAGE.enum) ?? []) symbols.push(nameIn(name, fieldsOf(one)));
}

type Fields = Map<number, Uint8Array[]>;

/** The length-delimited fields of a message, by number. */
function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, number);
      continue;
    }
    const list = fields.get(number);
    if (list === undefined) fields.set(number, [reader.bytes()]);
    else list.push(reader.bytes());
  }
  return fields;
}

function nameIn(scope: string, fields: Fields): string {
  const name = text(fields.get(NAME)?.[0]);
  return scope === '' ? name : `${scope}.${name}`;
}

function text(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');
}
