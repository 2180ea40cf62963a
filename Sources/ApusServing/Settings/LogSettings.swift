/// What is logged, and how.
package struct LogSettings: Hashable, Sendable {
  package enum Format: String, Sendable, CaseIterable {
    case `default`
    case iso8601 = "ISO8601"
    case json
  }

  /// Empty for the standard error.
  package var file = ""
  package var info = true
  package var warning = true
  package var error = true
  /// 0 for no verbose lines.
  package var verboseLevel = 0
  package var format = Format.default

  package init() {}

  /// Settings by the names of the protocol.
  package var values: [(name: String, value: ParameterValue)] {
    [
      ("log_file", .text(file)), ("log_info", .bool(info)), ("log_warning", .bool(warning)),
      ("log_error", .bool(error)), ("log_verbose_level", .integer(Int64(verboseLevel))),
      ("log_format", .text(format.rawValue)),
    ]
  }

  /// Sets one by name. Throws for a name that is none, a value of another kind, and for the file, which is
  /// the server's alone.
  package mutating func set(_ name: String, _ value: ParameterValue) throws(ServingError) {
    switch name {
    case "log_file":
      throw ServingError(
        .unsupported, "log file location can not be updated through network protocol")
    case "log_info": info = try Self.bool(name, value)
    case "log_warning": warning = try Self.bool(name, value)
    case "log_error": error = try Self.bool(name, value)
    case "log_verbose_level":
      switch value {
      case .integer(let level) where level >= 0: verboseLevel = Int(clamping: level)
      case .unsigned(let level): verboseLevel = Int(clamping: level)
      default: throw Self.wrong(name, "a whole number from 0 on")
      }
    case "log_format":
      guard case .text(let text) = value else { throw Self.wrong(name, "a text") }
      guard let format = Format(rawValue: text) else {
        let known = Format.allCases.map(\.rawValue).joined(separator: ", ")
        throw ServingError(
          .invalidArgument, "invalid argument for log_format, got: \(text) (there are \(known))")
      }
      self.format = format
    default: throw ServingError(.invalidArgument, "unknown log setting '\(name)'")
    }
  }

  private static func bool(_ name: String, _ value: ParameterValue) throws(ServingError) -> Bool {
    guard case .bool(let flag) = value else { throw wrong(name, "a boolean") }
    return flag
  }

  private static func wrong(_ name: String, _ expected: String) -> ServingError {
    ServingError(.invalidArgument, "invalid value for '\(name)': expected \(expected)")
  }
}
