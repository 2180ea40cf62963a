#if Server
internal import ApusServing

extension TritonApplication {
  func trace(_ call: HTTPCall, _ model: String?) throws(ServingError) -> HTTPAnswer {
    if let model, try !service.isReady(model: model, version: nil) {
      throw ServingError(.invalidArgument, "Request for unknown model : \(model)")
    }
    if call.isPost {
      var changes: [String: [String]?] = [:]
      for member in try body(call, "the trace request")?.asMembers("settings") ?? [] {
        changes.updateValue(try setting(member), forKey: member.key)
      }
      try service.settings.updateTrace(model: model, changes)
    }
    let settings = service.settings.trace(model: model)
    return .json { writer in
      writer.object { writer in
        for (name, values) in settings.values {
          writer.key(name)
          if name == "trace_level" {
            writer.array { writer in
              for value in values { writer.string(value) }
            }
          } else {
            writer.string(values.first ?? "")
          }
        }
      }
    }
  }

  /// A setting's texts; nil for null.
  private func setting(_ member: JSONValue.Member) throws(ServingError) -> [String]? {
    switch member.value {
    case .null: return nil
    case .array(let values):
      var texts: [String] = []
      for value in values { texts.append(try value.asText(member.key)) }
      return texts
    case .number(.integer(let value)): return ["\(value)"]
    default: return [try member.value.asText(member.key)]
    }
  }

  func logging(_ call: HTTPCall) throws(ServingError) -> HTTPAnswer {
    if call.isPost, let request = try body(call, "the dynamic logging request") {
      let members = try request.asMembers("settings")
      try service.settings.updateLog { (settings) throws(ServingError) in
        for member in members { try Self.set(member, in: &settings) }
      }
    }
    let log = service.settings.log
    return .json { writer in
      writer.object { writer in
        writer.key("log_file")
        writer.string(log.file)
        writer.key("log_info")
        writer.bool(log.info)
        writer.key("log_warning")
        writer.bool(log.warning)
        writer.key("log_error")
        writer.bool(log.error)
        writer.key("log_verbose_level")
        writer.integer(log.verboseLevel)
        writer.key("log_format")
        writer.string(log.format.rawValue)
      }
    }
  }

  private static func set(
    _ member: JSONValue.Member, in settings: inout LogSettings
  ) throws(ServingError) {
    let key = member.key
    if member.value == .null { return }
    switch key {
    case "log_file":
      throw ServingError(
        .unsupported, "log file location can not be updated through network protocol")
    case "log_info": settings.info = try member.value.asBool(key)
    case "log_warning": settings.warning = try member.value.asBool(key)
    case "log_error": settings.error = try member.value.asBool(key)
    case "log_verbose_level":
      settings.verboseLevel = Int(clamping: try member.value.asUnsigned(key))
    case "log_format":
      let name = try member.value.asText(key)
      guard let format = LogSettings.Format(rawValue: name) else {
        let known = LogSettings.Format.allCases.map(\.rawValue).joined(separator: ", ")
        throw ServingError(
          .invalidArgument, "invalid argument for log_format, got: \(name) (there are \(known))")
      }
      settings.format = format
    default:
      throw ServingError(.invalidArgument, "unknown log setting '\(key)'")
    }
  }
}
#endif
