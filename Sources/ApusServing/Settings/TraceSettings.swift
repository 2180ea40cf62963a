/// Which requests are traced, and where traces go.
package struct TraceSettings: Hashable, Sendable {
  package enum Level: String, Sendable, CaseIterable {
    case off = "OFF"
    case timestamps = "TIMESTAMPS"
    case tensors = "TENSORS"
  }

  package enum Mode: String, Sendable, CaseIterable {
    /// A file of JSON events.
    case triton
    /// OTLP over HTTP.
    case opentelemetry
  }

  package var levels: Set<Level> = []
  /// One request out of so many is traced.
  package var rate = 1000
  /// Traces left to make; -1 for no end.
  package var count = -1
  /// Traces in a file before the next is begun; 0 for one file.
  package var logFrequency = 0
  package var file = ""
  package var mode = Mode.triton
  /// Where OTLP traces go.
  package var url = "http://localhost:4318/v1/traces"

  /// Attributes of the resource that spans belong to.
  package var resource: [String: String] = [:]
  /// Spans that wait to be sent at most, milliseconds between two sendings, and spans of a sending (the
  /// batch span processor of the OpenTelemetry specification).
  package var queueLimit = 2048
  package var exportDelay = 5000
  package var exportBatch = 512

  package init() {}

  package var isOn: Bool { levels.contains { $0 != .off } && count != 0 }

  /// Settings by the names of the protocol. All are texts, the level a list.
  package var values: [(name: String, values: [String])] {
    let levels = Level.allCases.filter(self.levels.contains).map(\.rawValue)
    return [
      ("log_frequency", ["\(logFrequency)"]), ("trace_count", ["\(count)"]),
      ("trace_file", [file]), ("trace_level", levels.isEmpty ? ["OFF"] : levels),
      ("trace_mode", [mode.rawValue]), ("trace_rate", ["\(rate)"]),
    ]
  }

  /// Settings that override others.
  struct Changes: Hashable, Sendable {
    var levels: Set<Level>?
    var rate: Int?
    var count: Int?
    var logFrequency: Int?

    /// Sets one by name; nil takes it back.
    mutating func set(_ name: String, _ values: [String]?) throws(ServingError) {
      switch name {
      case "trace_level":
        guard let values else {
          levels = nil
          return
        }
        levels = try Self.levels(values)
      case "trace_rate": rate = try Self.number(name, values, atLeast: 0)
      case "trace_count": count = try Self.number(name, values, atLeast: -1)
      case "log_frequency": logFrequency = try Self.number(name, values, atLeast: 0)
      case "trace_file", "trace_mode":
        throw ServingError(
          .unsupported,
          "'\(name)' can not be set through network protocol, please set it through "
            + "--trace-config when the server starts")
      default: throw ServingError(.invalidArgument, "Unknown key '\(name)' for trace settings")
      }
    }

    private static func levels(_ names: [String]) throws(ServingError) -> Set<Level> {
      var levels: Set<Level> = []
      for name in names {
        guard let level = Level(rawValue: name) else {
          throw ServingError(
            .invalidArgument,
            "trace level '\(name)' is none of "
              + Level.allCases.map(\.rawValue).joined(separator: ", "))
        }
        levels.insert(level)
      }
      if levels.contains(.off) {
        guard levels.count == 1 else {
          throw ServingError(.invalidArgument, "OFF can not be combined with other trace levels")
        }
        return []
      }
      return levels
    }

    private static func number(
      _ name: String, _ values: [String]?, atLeast minimum: Int
    ) throws(ServingError) -> Int? {
      guard let values else { return nil }
      guard values.count == 1, let number = Int(values[0]), number >= minimum else {
        throw ServingError(
          .invalidArgument,
          "\(name) is a whole number from \(minimum) on, found "
            + values.joined(separator: ", "))
      }
      return number
    }
  }

  func applying(_ changes: Changes) -> TraceSettings {
    var settings = self
    if let levels = changes.levels { settings.levels = levels }
    if let rate = changes.rate { settings.rate = rate }
    if let count = changes.count { settings.count = count }
    if let logFrequency = changes.logFrequency { settings.logFrequency = logFrequency }
    return settings
  }
}
