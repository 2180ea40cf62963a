internal import ApusServingSchema
internal import SwiftProtobuf

/// The definitions of model configurations, read once from the descriptors that the generated code
/// was made of.
struct Schema: Sendable {
  private let messages: [String: MessageSchema]

  static let shared = Schema()

  static let modelConfig = ".inference.ModelConfig"

  /// The definition of a message. Names come from the definitions themselves, so that none is missing;
  /// one that were would be empty.
  func message(_ name: String) -> MessageSchema {
    messages[name] ?? MessageSchema(name: name, fields: [])
  }

  private init() {
    var builder = Builder()
    if let bytes = Base64.decode(servingDescriptors),
      let set = try? Google_Protobuf_FileDescriptorSet(serializedBytes: bytes)
    {
      for file in set.file {
        for type in file.enumType { builder.add(type, scope: "." + file.package) }
        for message in file.messageType { builder.addEnums(of: message, scope: "." + file.package) }
      }
      for file in set.file {
        for message in file.messageType { builder.add(message, scope: "." + file.package) }
      }
    }
    messages = builder.messages
  }

  private struct Builder {
    var messages: [String: MessageSchema] = [:]
    var enums: [String: EnumSchema] = [:]
    var mapEntries: Set<String> = []

    mutating func add(_ type: Google_Protobuf_EnumDescriptorProto, scope: String) {
      enums[scope + "." + type.name] = EnumSchema(
        values: type.value.map { (name: $0.name, number: $0.number) })
    }

    mutating func addEnums(of message: Google_Protobuf_DescriptorProto, scope: String) {
      let name = scope + "." + message.name
      if message.options.mapEntry { mapEntries.insert(name) }
      for type in message.enumType { add(type, scope: name) }
      for nested in message.nestedType { addEnums(of: nested, scope: name) }
    }

    mutating func add(_ message: Google_Protobuf_DescriptorProto, scope: String) {
      let name = scope + "." + message.name
      for nested in message.nestedType { add(nested, scope: name) }
      let choices = message.oneofDecl.map(\.name)
      messages[name] = MessageSchema(
        name: name,
        fields: message.field.compactMap { field in
          guard let kind = kind(of: field) else { return nil }
          let isChoice =
            field.hasOneofIndex && !field.proto3Optional
            && choices.indices.contains(Int(field.oneofIndex))
          let isMap = mapEntries.contains(field.typeName)
          return FieldSchema(
            name: field.name, jsonName: field.jsonName, number: Int(field.number), kind: kind,
            cardinality: isMap ? .map : field.label == .repeated ? .many : .one,
            choice: isChoice ? choices[Int(field.oneofIndex)] : nil)
        })
    }

    private func kind(of field: Google_Protobuf_FieldDescriptorProto) -> FieldSchema.Kind? {
      switch field.type {
      case .bool: .bool
      case .int32: .int32
      case .int64: .int64
      case .uint32: .uint32
      case .uint64: .uint64
      case .float: .float
      case .double: .double
      case .string: .string
      case .bytes: .bytes
      case .enum: enums[field.typeName].map { .enumeration($0) }
      case .message: .message(field.typeName)
      // Model configurations have no field of the other types.
      default: nil
      }
    }
  }
}
