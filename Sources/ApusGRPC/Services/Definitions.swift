#if Server
internal import ApusModelConfig
internal import ApusServingSchema
internal import Foundation
internal import SwiftProtobuf

/// The definitions of services and messages, as reflection tells them.
struct Definitions: Sendable {
  let services: [String]
  private let files: [String: (content: Data, imports: [String])]
  /// The file that defines a service, method, message, field or value.
  private let symbols: [String: String]

  static let shared = Definitions()

  private init() {
    var index = Index()
    if let bytes = Base64.decode(servingDescriptors),
      let set = try? Google_Protobuf_FileDescriptorSet(serializedBytes: bytes)
    {
      for file in set.file { index.add(file) }
    }
    services = index.services.sorted()
    files = index.files
    symbols = index.symbols
  }

  /// A file and all that it imports; nil where there is no such file.
  func file(named name: String) -> [Data]? {
    guard files[name] != nil else { return nil }
    var found: [Data] = []
    var seen: Set = [name]
    var waiting = [name]
    while let next = waiting.popLast() {
      guard let file = files[next] else { continue }
      found.append(file.content)
      waiting += file.imports.filter { seen.insert($0).inserted }
    }
    return found
  }

  /// As above, for the file that defines a symbol.
  func file(defining symbol: String) -> [Data]? {
    symbols[symbol].flatMap { file(named: $0) }
  }

  /// Whether there is a message of that name.
  func isDefined(_ symbol: String) -> Bool { symbols[symbol] != nil }

  private struct Index {
    var services: [String] = []
    var files: [String: (content: Data, imports: [String])] = [:]
    var symbols: [String: String] = [:]

    mutating func add(_ file: Google_Protobuf_FileDescriptorProto) {
      guard let content: Data = try? file.serializedBytes() else { return }
      files[file.name] = (content, file.dependency)
      let scope = file.package.isEmpty ? "" : file.package + "."
      for service in file.service {
        services.append(scope + service.name)
        symbols[scope + service.name] = file.name
        for method in service.method {
          symbols["\(scope)\(service.name).\(method.name)"] = file.name
        }
      }
      for type in file.enumType { add(type, scope, file.name) }
      for message in file.messageType { add(message, scope, file.name) }
    }

    private mutating func add(
      _ message: Google_Protobuf_DescriptorProto, _ scope: String, _ file: String
    ) {
      let name = scope + message.name
      symbols[name] = file
      for field in message.field { symbols["\(name).\(field.name)"] = file }
      for choice in message.oneofDecl { symbols["\(name).\(choice.name)"] = file }
      for type in message.enumType { add(type, name + ".", file) }
      for nested in message.nestedType { add(nested, name + ".", file) }
    }

    private mutating func add(
      _ type: Google_Protobuf_EnumDescriptorProto, _ scope: String, _ file: String
    ) {
      symbols[scope + type.name] = file
      for value in type.value { symbols[scope + value.name] = file }
    }
  }
}
#endif
