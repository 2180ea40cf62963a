#if Server
import ApusServing
import NIOHTTP1
import Testing

@testable import ApusHTTP

@Suite struct RouteTests {
  @Test(arguments: [
    ("/v2", Route.serverMetadata), ("/v2/health/live", .live), ("/v2/health/ready", .ready),
    ("/v2/models/m", .model("m", version: nil, .metadata)),
    ("/v2/models/m/versions/3", .model("m", version: "3", .metadata)),
    ("/v2/models/m/ready", .model("m", version: nil, .ready)),
    ("/v2/models/m/versions/12/infer", .model("m", version: "12", .infer)),
    ("/v2/models/m/generate_stream", .model("m", version: nil, .generateStream)),
    ("/v2/models/a%20b/config", .model("a b", version: nil, .config)),
    ("/v2/models/versions", .model("versions", version: nil, .metadata)),
    ("/v2/models/stats", .allStatistics),
    ("/v2/models/stats/stats", .model("stats", version: nil, .stats)),
    ("/v2/models/m/trace/setting", .trace(model: "m")), ("/v2/trace/setting", .trace(model: nil)),
    ("/v2/logging", .logging), ("/v2/repository/index", .index),
    ("/v2/repository/models/m/load", .load("m")),
    ("/v2/repository/models/m/unload", .unload("m")),
    ("/v2/repository/r/models/m/load", .namedRepository),
    ("/v2/repository/r/index", .namedRepository),
    ("/v2/systemsharedmemory/status", .systemMemory(region: "", .status)),
    ("/v2/systemsharedmemory/region/r/register", .systemMemory(region: "r", .register)),
    ("/v2/cudasharedmemory/unregister", .cudaMemory(region: "", .unregister)),
    ("/", .console), ("/console/metrics", .consoleMetrics),
  ])
  func knowsThePathsOfTheProtocol(_ path: String, _ expected: Route) {
    #expect(Route(path: path) == expected)
  }

  @Test(arguments: [
    "", "v2", "/v2/", "/v1", "/v2/models", "/v2/models/", "/v2/models/m/", "/v2/models//infer",
    "/v2/models/m/versions/x/infer", "/v2/models/m/versions//infer", "/v2/models/m/versions/1/",
    "/v2/models/m/versions", "/v2/models/m/infer/x", "/v2/models/m/versions/1/trace/setting",
    "/v2/health", "/v2/health/alive", "/v2/repository", "/v2/repository/models/m",
    "/v2/repository/models//load", "/v2/systemsharedmemory",
    "/v2/systemsharedmemory/region/status",
    "/v2/models/%zz", "/v2/models/%ff", "/console", "/console/x", "//v2", "/metrics",
    "/v2/models/m/a/b/c/d/e/f/g/h/i/j",
  ])
  func knowsNoOthers(_ path: String) async throws {
    #expect(Route(path: path) == nil)
    let outcome = try await call(.GET, path)
    #expect(outcome.status == 404)
    #expect(outcome.error == "Not Found")
  }

  @Test(arguments: [
    (HTTPMethod.POST, "/v2"), (.POST, "/v2/health/live"), (.GET, "/v2/models/echo/infer"),
    (.PUT, "/v2/models/echo"), (.GET, "/v2/repository/index"), (.DELETE, "/v2/logging"),
    (.POST, "/v2/systemsharedmemory/status"), (.GET, "/v2/cudasharedmemory/region/r/register"),
    (.HEAD, "/v2/models/echo/ready"), (.POST, "/"),
  ])
  func refusesOtherVerbs(_ method: HTTPMethod, _ path: String) async throws {
    let outcome = try await call(method, path)
    #expect(outcome.status == 405)
    #expect(outcome.error == "Method Not Allowed")
  }

  @Test func tellsOfHealth() async throws {
    for path in ["/v2/health/live", "/v2/health/ready", "/v2/models/echo/ready"] {
      let outcome = try await call(.GET, path)
      #expect(outcome.status == 200)
      #expect(outcome.body.isEmpty)
    }
    #expect(try await call(.GET, "/v2/models/broken/ready").status == 400)
    #expect(try await call(.GET, "/v2/models/unknown/ready").status == 400)
    #expect(try await call(.GET, "/v2/models/echo/versions/2/ready").status == 400)
    let zero = try await call(.GET, "/v2/models/echo/versions/0/ready")
    #expect(zero.status == 400)
    let huge = try await call(.GET, "/v2/models/echo/versions/99999999999999999999/ready")
    #expect(huge.status == 400)
  }

  @Test func deniesReadinessWhileDraining() throws {
    let flag = DrainFlag()
    flag.turnOn()
    let application = TritonApplication(FakeService(), HTTPConfiguration(), drain: flag)
    for (path, status) in [("/v2/health/ready", 503), ("/v2/health/live", 200)] {
      let sink = TestSink()
      application.respond(
        to: HTTPCall(
          head: CallHead(
            isGet: true, isPost: false, path: path, headers: CallHeaders(HTTPHeaders())),
          route: Route(path: path), body: try ByteView([]), arrival: 0),
        sink)
      #expect(sink.state.withLock { $0.answer?.status.rawValue } == status)
    }
  }

  @Test func describesServerAndModels() async throws {
    let server = try await call(.GET, "/v2").json
    #expect(server["name"] == .string("fake"))
    #expect(server["extensions"] == .array([.string("statistics"), .string("logging")]))
    let model = try await call(.GET, "/v2/models/echo").json
    #expect(model["versions"] == .array([.string("1")]))
    #expect(model["platform"] == .string("onnxruntime_onnx"))
    guard case .array(let inputs)? = model["inputs"] else {
      Issue.record("no inputs")
      return
    }
    #expect(inputs.first?["shape"] == .array([.number(.integer(-1)), .number(.integer(2))]))
    #expect(try await call(.GET, "/v2/models/unknown").status == 404)
    let config = try await call(.GET, "/v2/models/echo/config").json
    #expect(config["max_batch_size"] == .number(.integer(8)))
  }

  @Test func tellsStatistics() async throws {
    for path in ["/v2/models/stats", "/v2/models/echo/stats", "/v2/models/echo/versions/1/stats"] {
      let outcome = try await call(.GET, path)
      #expect(outcome.contentType == "application/json")
      guard case .array(let models)? = outcome.json["model_stats"], let model = models.first
      else {
        Issue.record("no statistics in \(outcome.text)")
        continue
      }
      #expect(model["inference_count"] == .number(.unsigned(.max)))
      #expect(model["inference_stats"]?["success"]?["ns"] == .number(.integer(1_000_000_007)))
      #expect(model["inference_stats"]?["cache_miss"]?["count"] == .number(.integer(0)))
      #expect(model["response_stats"]?["0"]?["success"]?["count"] == .number(.integer(1)))
      guard case .array(let batches)? = model["batch_stats"] else { continue }
      #expect(batches.first?["batch_size"] == .number(.integer(4)))
    }
    #expect(try await call(.GET, "/v2/models/unknown/stats").status == 404)
  }
}
#endif
