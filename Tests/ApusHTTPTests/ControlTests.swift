#if Server
import ApusServing
import NIOHTTP1
import Testing

@testable import ApusHTTP

@Suite struct ControlTests {
  @Test func listsModels() async throws {
    guard case .array(let all) = try await call(.POST, "/v2/repository/index").json,
      case .array(let ready) = try await call(
        .POST, "/v2/repository/index", json: #"{"ready": true}"#
      ).json
    else {
      Issue.record("no list")
      return
    }
    #expect(all.count == 2)
    #expect(all.last?["reason"] == .string("it is \"broken\""))
    #expect(ready.count == 1)
    #expect(try await call(.POST, "/v2/repository/index", json: #"{"ready": 1}"#).status == 400)
    #expect(try await call(.POST, "/v2/repository/index", json: "[]").status == 400)
    let named = try await call(.POST, "/v2/repository/other/index")
    #expect(named.status == 501)
    #expect(named.error == "'repository_name' specification is not supported")
  }

  @Test func loadsWithConfigAndFiles() async throws {
    let service = FakeService()
    let outcome = try await call(
      .POST, "/v2/repository/models/echo/load",
      json: #"{"parameters":{"config":"{\"max_batch_size\":4}","file:1/model.onnx":"AQID/w=="}}"#,
      service: service)
    #expect(outcome.status == 200)
    #expect(outcome.body.isEmpty)
    let load = service.record.withLock { $0.loads.last }
    #expect(load?.model == "echo")
    #expect(load?.override.config == #"{"max_batch_size":4}"#)
    #expect(load?.override.files == ["1/model.onnx": [1, 2, 3, 255]])
    #expect(
      try await call(.POST, "/v2/repository/models/unknown/load", service: service).status == 404)
    for bad in [
      #"{"parameters":{"config":5}}"#, #"{"parameters":{"file:x":"not base64!"}}"#,
      #"{"parameters":{"other":"x"}}"#, #"{"parameters":[]}"#, "{", "null",
    ] {
      #expect(
        try await call(.POST, "/v2/repository/models/echo/load", json: bad).status == 400,
        "\(bad)")
    }
  }

  @Test func unloads() async throws {
    let service = FakeService()
    _ = try await call(.POST, "/v2/repository/models/echo/unload", service: service)
    _ = try await call(
      .POST, "/v2/repository/models/echo/unload",
      json: #"{"parameters":{"unload_dependents":true}}"#, service: service)
    #expect(service.record.withLock { $0.unloads.map(\.withDependents) } == [false, true])
    #expect(
      try await call(
        .POST, "/v2/repository/models/echo/unload",
        json: #"{"parameters":{"unload_dependents":"yes"}}"#
      ).status == 400)
  }

  @Test func changesTraceSettings() async throws {
    let service = FakeService()
    let changed = try await call(
      .POST, "/v2/trace/setting",
      json: #"{"trace_level":["TIMESTAMPS"],"trace_rate":"5","log_frequency":"7"}"#,
      service: service)
    #expect(changed.json["trace_level"] == .array([.string("TIMESTAMPS")]))
    #expect(changed.json["trace_rate"] == .string("5"))
    let ofModel = try await call(
      .POST, "/v2/models/echo/trace/setting", json: #"{"trace_rate":"9"}"#, service: service)
    #expect(ofModel.json["trace_rate"] == .string("9"))
    let cleared = try await call(
      .POST, "/v2/models/echo/trace/setting", json: #"{"trace_rate":null}"#, service: service)
    #expect(cleared.json["trace_rate"] == .string("5"))
    let read = try await call(.GET, "/v2/trace/setting", service: service)
    #expect(read.json["trace_count"] == .string("-1"))
    #expect(try await call(.GET, "/v2/models/unknown/trace/setting").status == 404)
    #expect(
      try await call(.POST, "/v2/trace/setting", json: #"{"trace_file":"x"}"#).status == 501)
    for bad in [#"{"trace_rate":"x"}"#, #"{"trace_level":["LOUD"]}"#, #"{"unknown":"1"}"#, "7"] {
      #expect(try await call(.POST, "/v2/trace/setting", json: bad).status == 400, "\(bad)")
    }
  }

  @Test func changesLogSettings() async throws {
    let service = FakeService()
    let changed = try await call(
      .POST, "/v2/logging",
      json: #"{"log_info":false,"log_verbose_level":3,"log_format":"ISO8601"}"#, service: service)
    #expect(changed.json["log_info"] == .bool(false))
    #expect(changed.json["log_verbose_level"] == .number(.integer(3)))
    #expect(service.settings.log.format == .iso8601)
    #expect(
      try await call(.POST, "/v2/logging", json: #"{"log_file":"x"}"#).status == 501)
    for bad in [#"{"log_info":1}"#, #"{"log_verbose_level":-1}"#, #"{"log_format":"x"}"#] {
      #expect(
        try await call(.POST, "/v2/logging", json: bad, service: service).status == 400, "\(bad)")
    }
    // One wrong setting leaves the others as they were.
    _ = try await call(
      .POST, "/v2/logging", json: #"{"log_error":false,"log_format":"x"}"#, service: service)
    #expect(service.settings.log.error)
  }

  @Test func checksSharedMemoryRequests() async throws {
    let status = try await call(.GET, "/v2/systemsharedmemory/status")
    #expect(status.json == .array([]))
    #expect(try await call(.GET, "/v2/systemsharedmemory/region/r/status").status == 404)
    #expect(try await call(.POST, "/v2/systemsharedmemory/unregister").status == 200)
    let path = "/v2/systemsharedmemory/region/r/register"
    for bad in [
      "", "{}", #"{"key":"/k"}"#, #"{"key":5,"byte_size":5}"#, #"{"key":"/k","byte_size":-5}"#,
      #"{"key":"/k","byte_size":18446744073709551615,"offset":5}"#,
      #"{"key":"/no_such_object","byte_size":5}"#, #"{"key":"","byte_size":5}"#,
    ] {
      let outcome = try await call(.POST, path, json: bad)
      #expect(outcome.status == 400, "\(bad): \(outcome.text)")
    }
    #expect(
      try await call(
        .POST, "/v2/systemsharedmemory/register", json: #"{"key":"/k","byte_size":5}"#
      ).error == "'region name' is necessary to register system shared memory region")
    let cuda = "/v2/cudasharedmemory/region/r/register"
    #expect(
      try await call(.POST, cuda, json: #"{"raw_handle":{"b64":"?"},"byte_size":1}"#).status
        == 400)
    #expect(
      try await call(.POST, cuda, json: #"{"raw_handle":{"b64":"AA=="},"byte_size":1}"#).status
        == 400)
    #expect(try await call(.GET, "/v2/cudasharedmemory/status").text == "[]")
  }

  @Test func keepsToRestrictions() async throws {
    var configuration = HTTPConfiguration()
    try configuration.access.restrict("inference,model-repository:admin-key=secret")
    let refused = try await call(
      .POST, "/v2/models/echo/infer", json: "{}", configuration: configuration)
    #expect(refused.status == 403)
    #expect(refused.error == "This API is restricted, expecting header 'admin-key'")
    let wrong = try await call(
      .POST, "/v2/repository/index", headers: [("admin-key", "Secret")],
      configuration: configuration)
    #expect(wrong.status == 403)
    let right = try await call(
      .POST, "/v2/repository/index", headers: [("Admin-Key", "secret")],
      configuration: configuration)
    #expect(right.status == 200)
    #expect(try await call(.GET, "/v2/health/live", configuration: configuration).status == 200)
  }

  @Test func asksForTokens() async throws {
    var configuration = HTTPConfiguration()
    configuration.access.tokens = [.statistics: ["one", "two"]]
    for path in ["/v2/models/stats", "/console/metrics"] {
      let missing = try await call(.GET, path, configuration: configuration)
      #expect(missing.status == 401)
      #expect(missing.headers["WWW-Authenticate"] == "Bearer")
      for (header, value, status) in [
        ("Authorization", "Bearer two", 200), ("authorization", "bearer  one ", 200),
        ("X-API-Key", "one", 200), ("X-API-Key", "three", 401),
        ("Authorization", "Basic one", 401),
        ("Authorization", "Bearer ", 401),
      ] {
        let outcome = try await call(
          .GET, path, headers: [(header, value)], configuration: configuration)
        #expect(outcome.status == status, "\(header): \(value)")
      }
    }
    #expect(try await call(.GET, "/", configuration: configuration).status == 200)
    #expect(try await call(.GET, "/v2/models/echo", configuration: configuration).status == 200)
  }

  @Test func showsTheConsoleOrNot() async throws {
    let page = try await call(.GET, "/")
    #expect(page.contentType == "text/html; charset=utf-8")
    #expect(page.text.contains("<title>"))
    #expect(page.headers["Content-Security-Policy"]?.contains("default-src 'none'") == true)
    for path in ["/console/style.css", "/console/script.js", "/console/metrics"] {
      #expect(try await call(.GET, path).status == 200)
    }
    var configuration = HTTPConfiguration()
    configuration.isConsoleEnabled = false
    for path in ["/", "/console/style.css", "/console/script.js", "/console/metrics"] {
      #expect(try await call(.GET, path, configuration: configuration).status == 404)
    }
  }
}
#endif
