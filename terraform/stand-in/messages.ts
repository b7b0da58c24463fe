/**
 * The part of Terraform's plugin protocol 6 that we answer: field numbers as in its published
 * `tfplugin6.proto` (https://github.com/hashicorp/terraform/tree/main/docs/plugin-protocol).
 */
import protobuf from 'protobufjs';

const { root } = protobuf.parse(
  `
syntax = "proto3";
package tfplugin6;

message DynamicValue { bytes msgpack = 1; bytes json = 2; }
message Diagnostic { int32 severity = 1; string summary = 2; string detail = 3; }
message Empty {}
message Diagnostics { repeated Diagnostic diagnostics = 1; }
message LateDiagnostics { repeated Diagnostic diagnostics = 2; }

message Attribute {
  string name = 1;
  bytes type = 2;
  bool required = 4;
  bool optional = 5;
  bool computed = 6;
  bool sensitive = 7;
  bool deprecated = 9;
  AttributeObject nested_type = 10;
  bool write_only = 11;
}
message AttributeObject { repeated Attribute attributes = 1; int32 nesting = 3; }
message Block { repeated Attribute attributes = 2; repeated NestedBlock block_types = 3; }
message NestedBlock {
  string type_name = 1;
  Block block = 2;
  int32 nesting = 3;
  int64 min_items = 4;
  int64 max_items = 5;
}
message Schema { int64 version = 1; Block block = 2; }

message ServerCapabilities { bool plan_destroy = 1; bool get_provider_schema_optional = 2; }
message ProviderSchema {
  Schema provider = 1;
  map<string, Schema> resource_schemas = 2;
  map<string, Schema> data_source_schemas = 3;
  ServerCapabilities server_capabilities = 6;
}

message PlanRequest {
  string type_name = 1;
  DynamicValue prior_state = 2;
  DynamicValue proposed_new_state = 3;
  DynamicValue config = 4;
}
message PlanResponse { DynamicValue planned_state = 1; repeated Diagnostic diagnostics = 4; }
message RefusedPlan { repeated Diagnostic diagnostics = 3; }
`,
  { keepCase: true },
);

export function messageType(name: string): protobuf.Type {
  return root.lookupType(`tfplugin6.${name}`);
}

export const severityError = 1;
