#if Server
internal import ApusServing
internal import ApusServingSchema

extension InferenceMethods {
  func registerSettings(with methods: inout MethodTable) {
    methods.unary(Self.path("TraceSetting")) {
      [service] (request: Inference_TraceSettingRequest) throws(ServingError) in
      let model = request.modelName.isEmpty ? nil : request.modelName
      if let model { try Self.requireModel(model, service) }
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
            try Self.set(name, value.parameterChoice, in: &settings)
          }
        }
      }
      return Self.response(service.settings.log)
    }
  }

  private static func requireModel(
    _ model: String, _ service: any InferenceService
  ) throws(ServingError) {
    do throws(ServingError) { _ = try service.isReady(model: model, version: nil) } catch {
      throw ServingError(error.code, "Request for unknown model : \(model)")
    }
  }

  private static func set(
    _ name: String,
    _ value: Inference_LogSettingsRequest.SettingValue.OneOf_ParameterChoice?,
    in settings: inout LogSettings
  ) throws(ServingError) {
    // A setting without a value stays as it is.
    guard let value else { return }
    switch name {
    case "log_file":
      throw ServingError(
        .unsupported, "log file location can not be updated through network protocol")
    case "log_info": settings.info = try bool(name, value)
    case "log_warning": settings.warning = try bool(name, value)
    case "log_error": settings.error = try bool(name, value)
    case "log_verbose_level":
      guard case .uint32Param(let level) = value else {
        throw ServingError(.invalidArgument, "expect int32 for '\(name)'")
      }
      settings.verboseLevel = Int(level)
    case "log_format":
      guard case .stringParam(let text) = value else {
        throw ServingError(.invalidArgument, "expect string for '\(name)'")
      }
      guard let format = LogSettings.Format(rawValue: text) else {
        let known = LogSettings.Format.allCases.map(\.rawValue).joined(separator: ", ")
        throw ServingError(
          .invalidArgument, "invalid argument for log_format, got: \(text) (there are \(known))")
      }
      settings.format = format
    default: throw ServingError(.invalidArgument, "unknown log setting '\(name)'")
    }
  }

  private static func bool(
    _ name: String, _ value: Inference_LogSettingsRequest.SettingValue.OneOf_ParameterChoice
  ) throws(ServingError) -> Bool {
    guard case .boolParam(let flag) = value else {
      throw ServingError(.invalidArgument, "expect boolean for '\(name)'")
    }
    return flag
  }

  private static func response(_ log: LogSettings) -> Inference_LogSettingsResponse {
    var response = Inference_LogSettingsResponse()
    func set(
      _ name: String,
      _ value: Inference_LogSettingsResponse.SettingValue.OneOf_ParameterChoice
    ) {
      var setting = Inference_LogSettingsResponse.SettingValue()
      setting.parameterChoice = value
      response.settings[name] = setting
    }
    set("log_file", .stringParam(log.file))
    set("log_info", .boolParam(log.info))
    set("log_warning", .boolParam(log.warning))
    set("log_error", .boolParam(log.error))
    set("log_verbose_level", .uint32Param(UInt32(clamping: log.verboseLevel)))
    set("log_format", .stringParam(log.format.rawValue))
    return response
  }
}
#endif
