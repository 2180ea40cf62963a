#if Server
internal import ApusServing
internal import ApusServingSchema

extension InferenceMethods {
  func registerSettings(with methods: inout MethodTable) {
    methods.unary(Self.path("TraceSetting")) {
      [service] (request: Inference_TraceSettingRequest) throws(ServingError) in
      let model = request.modelName.isEmpty ? nil : request.modelName
      if let model { try service.requireReady(model: model) }
      if !request.settings.isEmpty {
        try service.settings.updateTrace(
          model: model, request.settings.mapValues { $0.value.isEmpty ? nil : $0.value })
      }
      var response = Inference_TraceSettingResponse()
      for (name, values) in service.settings.trace(model: model).values {
        response.settings[name, default: Inference_TraceSettingResponse.SettingValue()].value =
          values
      }
      return response
    }
    methods.unary(Self.path("LogSettings")) {
      [service] (request: Inference_LogSettingsRequest) throws(ServingError) in
      if !request.settings.isEmpty {
        try service.settings.updateLog { (settings) throws(ServingError) in
          for (name, value) in request.settings.sorted(by: { $0.key < $1.key }) {
            // A setting without a value stays as it is.
            guard let value = value.parameterChoice else { continue }
            try settings.set(name, Self.value(value))
          }
        }
      }
      return Self.response(service.settings.log)
    }
  }

  private static func value(
    _ value: Inference_LogSettingsRequest.SettingValue.OneOf_ParameterChoice
  ) -> ParameterValue {
    switch value {
    case .boolParam(let flag): .bool(flag)
    case .uint32Param(let number): .unsigned(UInt64(number))
    case .stringParam(let text): .text(text)
    }
  }

  private static func response(_ log: LogSettings) -> Inference_LogSettingsResponse {
    var response = Inference_LogSettingsResponse()
    for (name, value) in log.values {
      var setting = Inference_LogSettingsResponse.SettingValue()
      switch value {
      case .bool(let flag): setting.boolParam = flag
      case .text(let text): setting.stringParam = text
      case .integer(let number): setting.uint32Param = UInt32(clamping: number)
      case .unsigned(let number): setting.uint32Param = UInt32(clamping: number)
      case .double: continue
      }
      response.settings[name] = setting
    }
    return response
  }
}
#endif
