/**
 * A stand-in that holds schemas: it speaks Terraform's plugin protocol 6 and knows what the
 * resources of a provider look like, and nothing else. It reaches no cloud, makes nothing, and
 * refuses `apply`. With it `terraform validate`, `plan` and `test` run without a registry.
 */
import * as grpc from '@grpc/grpc-js';
import { messageType, severityError } from './messages.ts';
import { decodeValue, encodeValue } from './msgpack.ts';
import {
  type Attribute,
  attributesOf,
  type BlockText,
  type NestedBlockText,
  type ProviderText,
} from './notation.ts';
import { plannedState } from './plan.ts';

export type StandIn = {
  readonly port: number;
  readonly stop: () => void;
};

type Message = Readonly<Record<string, unknown>>;
type Method = readonly [request: string, response: string, answer: (request: Message) => Message];

/** Listens on a free port of this machine. */
export async function startStandIn(provider: ProviderText): Promise<StandIn> {
  const server = new grpc.Server();
  const methods = Object.entries(methodsOf(provider));
  const definition = methods.map(([name, method]) => [name, definitionOf(name, method)]);
  const handlers = methods.map(([name, [, , answer]]) => [
    name,
    (call: grpc.ServerUnaryCall<Message, Message>, reply: grpc.sendUnaryData<Message>) =>
      reply(null, answer(call.request)),
  ]);
  server.addService(Object.fromEntries(definition), Object.fromEntries(handlers));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, stop: () => server.forceShutdown() };
}

function definitionOf(name: string, [request, response]: Method) {
  const asks = messageType(request);
  const answers = messageType(response);
  const read = (type: typeof asks) => (bytes: Buffer) =>
    type.toObject(type.decode(bytes), { defaults: true });
  const write = (type: typeof asks) => (message: Message) =>
    Buffer.from(type.encode(type.fromObject(message)).finish());
  return {
    path: `/tfplugin6.Provider/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: write(asks),
    requestDeserialize: read(asks),
    responseSerialize: write(answers),
    responseDeserialize: read(answers),
  };
}

function methodsOf(provider: ProviderText): Readonly<Record<string, Method>> {
  const nothing = (): Message => ({});
  return {
    GetProviderSchema: ['Empty', 'ProviderSchema', () => providerSchema(provider)],
    ValidateProviderConfig: ['Empty', 'LateDiagnostics', nothing],
    ValidateResourceConfig: ['Empty', 'Diagnostics', nothing],
    ConfigureProvider: ['Empty', 'Diagnostics', nothing],
    PlanResourceChange: ['PlanRequest', 'PlanResponse', (request) => plan(provider, request)],
    ApplyResourceChange: ['Empty', 'RefusedPlan', refuse],
    StopProvider: ['Empty', 'Empty', nothing],
  };
}

function plan(provider: ProviderText, request: Message): Message {
  const block = provider.resources[String(request['type_name'])];
  const { msgpack } = request['proposed_new_state'] as { readonly msgpack: Uint8Array };
  if (block === undefined) return refuse();
  const planned = encodeValue(plannedState(block, decodeValue(msgpack)));
  return { planned_state: { msgpack: planned } };
}

function refuse(): Message {
  const summary = 'this is a stand-in that holds schemas, not a provider';
  const detail = 'It can validate and plan. To apply, run terraform without TF_REATTACH_PROVIDERS.';
  return { diagnostics: [{ severity: severityError, summary, detail }] };
}

/** The answer to `GetProviderSchema`. */
function providerSchema({ provider, resources }: ProviderText): Message {
  const schemas = Object.entries(resources).map(([name, resource]) => [
    name,
    { version: resource.version ?? 0, block: blockMessage(resource) },
  ]);
  return {
    provider: { block: blockMessage(provider) },
    resource_schemas: Object.fromEntries(schemas),
  };
}

function blockMessage(block: BlockText): Message {
  return {
    attributes: attributesOf(block).map(attributeMessage),
    block_types: Object.entries(block.blocks ?? {}).map(([name, nested]) =>
      nestedMessage(name, nested),
    ),
  };
}

const nestings = { single: 1, list: 2, set: 3 } as const;

function nestedMessage(name: string, nested: NestedBlockText): Message {
  return {
    type_name: name,
    block: blockMessage(nested),
    nesting: nestings[nested.nesting],
    min_items: nested.min ?? 0,
    max_items: nested.max ?? 0,
  };
}

function attributeMessage({ type, nested, writeOnly, ...attribute }: Attribute): Message {
  const shape =
    nested === undefined
      ? { type: Buffer.from(JSON.stringify(type)) }
      : {
          nested_type: {
            nesting: nestings[nested.nesting],
            attributes: nested.attributes.map(attributeMessage),
          },
        };
  return { ...attribute, ...shape, write_only: writeOnly };
}
