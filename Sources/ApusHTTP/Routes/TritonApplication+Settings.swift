#if Server
internal import ApusServing

extension TritonApplication {
  func trace(_ call: HTTPCall, _ model: String?) throws(ServingError) -> HTTPAnswer {
    if let model { try service.requireReady(model: model) }
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
        // A setting without a value stays as it is.
        for member in members where member.value != .null {
          try settings.set(member.key, try member.value.asParameter(member.key))
        }
      }
    }
    let log = service.settings.log
    return .json { writer in
      writer.object { writer in
        for (name, value) in log.values {
          writer.key(name)
          writer.parameter(value)
        }
      }
    }
  }
}
#endif
