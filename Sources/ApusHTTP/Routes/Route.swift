#if Server
internal import ApusServing

/// What a path asks for. Only the paths of the protocol are routes; a slash too many makes another path.
enum Route: Hashable, Sendable {
  enum ModelAction: String, Sendable {
    case metadata = ""
    case ready, config, stats, infer, generate
    case generateStream = "generate_stream"
  }

  enum RegionAction: String, Sendable {
    case status, register, unregister
  }

  case serverMetadata, live, ready
  /// `version` has digits only, and is nil where the path has none.
  case model(String, version: String?, ModelAction)
  case allStatistics
  /// Settings of a model where `model` is not nil.
  case trace(model: String?)
  case logging
  case index
  case load(String)
  case unload(String)
  /// The protocol has paths with a repository's name, which no server supports.
  case namedRepository
  case systemMemory(region: String, RegionAction)
  case cudaMemory(region: String, RegionAction)
  case console
  case consoleStyle, consoleScript, consoleMetrics

  /// Nil for a path that is none.
  init?(path: String) {
    if path == "/" {
      self = .console
      return
    }
    guard path.utf8.first == UInt8(ascii: "/") else { return nil }
    var parts: [Substring] = []
    parts.reserveCapacity(8)
    for part in path.utf8.dropFirst().split(
      separator: UInt8(ascii: "/"), maxSplits: 8, omittingEmptySubsequences: false)
    {
      parts.append(Substring(part))
    }
    switch parts.first {
    case "v2": self.init(parts.dropFirst())
    case "console": self.init(console: parts.dropFirst())
    default: return nil
    }
  }

  private init?(console parts: ArraySlice<Substring>) {
    guard parts.count == 1, let name = parts.first else { return nil }
    switch name {
    case "style.css": self = .consoleStyle
    case "script.js": self = .consoleScript
    case "metrics": self = .consoleMetrics
    default: return nil
    }
  }

  private init?(_ parts: ArraySlice<Substring>) {
    guard let first = parts.first else {
      self = .serverMetadata
      return
    }
    let rest = parts.dropFirst()
    switch (first, rest.count) {
    case ("models", 1...): self.init(model: rest)
    case ("health", 1) where rest.first == "live": self = .live
    case ("health", 1) where rest.first == "ready": self = .ready
    case ("logging", 0): self = .logging
    case ("trace", 1) where rest.first == "setting": self = .trace(model: nil)
    case ("repository", 1...): self.init(repository: rest)
    case ("systemsharedmemory", 1...):
      guard let (region, action) = Self.region(rest) else { return nil }
      self = .systemMemory(region: region, action)
    case ("cudasharedmemory", 1...):
      guard let (region, action) = Self.region(rest) else { return nil }
      self = .cudaMemory(region: region, action)
    default: return nil
    }
  }

  private init?(model parts: ArraySlice<Substring>) {
    guard let first = parts.first, let name = Self.name(first) else { return nil }
    var rest = parts.dropFirst()
    if rest.isEmpty, first == "stats" {
      self = .allStatistics
      return
    }
    var version: String?
    if rest.first == "versions", rest.count >= 2 {
      let text = rest[rest.startIndex + 1]
      guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
      version = String(text)
      rest = rest.dropFirst(2)
    }
    switch rest.count {
    case 0: self = .model(name, version: version, .metadata)
    case 1:
      guard let text = rest.first, !text.isEmpty, let action = ModelAction(rawValue: String(text))
      else { return nil }
      self = .model(name, version: version, action)
    case 2 where rest.first == "trace" && rest.last == "setting" && version == nil:
      self = .trace(model: name)
    default: return nil
    }
  }

  private init?(repository parts: ArraySlice<Substring>) {
    guard let first = parts.first, let last = parts.last else { return nil }
    switch parts.count {
    case 1 where first == "index": self = .index
    case 2 where last == "index" && !first.isEmpty: self = .namedRepository
    case 3 where first == "models":
      guard let name = Self.name(parts[parts.startIndex + 1]) else { return nil }
      switch last {
      case "load": self = .load(name)
      case "unload": self = .unload(name)
      default: return nil
      }
    case 4
    where !first.isEmpty && parts[parts.startIndex + 1] == "models"
      && !parts[parts.startIndex + 2].isEmpty && (last == "load" || last == "unload"):
      self = .namedRepository
    default: return nil
    }
  }

  private static func region(_ parts: ArraySlice<Substring>) -> (String, RegionAction)? {
    guard let action = parts.last.flatMap({ RegionAction(rawValue: String($0)) }) else {
      return nil
    }
    switch parts.count {
    case 1: return ("", action)
    case 3 where parts.first == "region":
      guard let name = name(parts[parts.startIndex + 1]) else { return nil }
      return (name, action)
    default: return nil
    }
  }

  /// A part of the path with its %XX resolved; nil where that is no name.
  private static func name(_ part: Substring) -> String? {
    guard !part.isEmpty else { return nil }
    guard part.utf8.contains(UInt8(ascii: "%")) else { return String(part) }
    var bytes: [UInt8] = []
    var rest = part.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(Self.digit),
        let low = rest.popFirst().flatMap(Self.digit)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  /// The group whose rules a call to it must keep; nil for the console's own files, which tell nothing.
  var group: EndpointGroup? {
    switch self {
    case .serverMetadata: .metadata
    case .live, .ready: .health
    case .model(_, _, let action):
      switch action {
      case .metadata: .metadata
      case .ready: .health
      case .config: .modelConfig
      case .stats: .statistics
      case .infer, .generate, .generateStream: .inference
      }
    case .allStatistics, .consoleMetrics: .statistics
    case .trace: .trace
    case .logging: .logging
    case .index, .load, .unload, .namedRepository: .modelRepository
    case .systemMemory, .cudaMemory: .sharedMemory
    case .console, .consoleStyle, .consoleScript: nil
    }
  }

  /// Whether `GET` and `POST` are verbs of it.
  var verbs: (get: Bool, post: Bool) {
    switch self {
    case .model(_, _, let action):
      switch action {
      case .infer, .generate, .generateStream: (false, true)
      case .metadata, .ready, .config, .stats: (true, false)
      }
    case .trace, .logging: (true, true)
    case .index, .load, .unload, .namedRepository: (false, true)
    case .systemMemory(_, let action), .cudaMemory(_, let action):
      action == .status ? (true, false) : (false, true)
    default: (true, false)
    }
  }
}
#endif
