import ApusModelConfig
import ApusServingSchema
import ApusTestSupport
import Testing

@testable import ApusServing

@Suite struct InferenceServerTests {
  @Test func requestsAreAnswered() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server()
    #expect(!server.isReady)
    try await server.start()
    #expect(server.isReady)
    var request = try InferenceRequest("m", [1, 2, 3, 4], batch: 2)
    request.id = "mine"
    let response = try await server.infer(request)
    #expect(response.id == "mine")
    #expect(response.version == 1)
    #expect(response.integers("OUT") == [1, 2, 3, 4])
    #expect(response.outputs.first?.tensor.shape == [2, 2])
    let statistics = try #require(try server.statistics(model: "m", version: nil).first)
    #expect(statistics.inferenceCount == 2)
    #expect(statistics.executionCount == 1)
    #expect(statistics.inferenceStats.success.count == 1)
    #expect(statistics.batchStats.map(\.batchSize) == [2])
  }

  struct WrongRequest: Sendable {
    let model: String
    let input: String
    let batch: Int
    let message: String
  }

  static let wrongRequests = [
    WrongRequest(
      model: "x", input: "IN", batch: 1, message: "Request for unknown model: 'x' is not found"),
    WrongRequest(
      model: "m", input: "Y", batch: 1, message: "unexpected inference input 'Y' for model 'm'"),
    WrongRequest(
      model: "m", input: "IN", batch: 9,
      message: "inference request batch-size must be <= 8 for 'm'"),
  ]

  @Test(arguments: wrongRequests)
  func wrongRequestsAreNamed(wrong: WrongRequest) async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server()
    try await server.start()
    let request = try InferenceRequest(
      wrong.model, Array(repeating: 0, count: wrong.batch), batch: wrong.batch, input: wrong.input)
    do {
      _ = try await server.infer(request)
      Issue.record("it was answered")
    } catch { #expect(error.message.hasSuffix(wrong.message)) }
  }

  /// Requests that come while one runs are joined, and each gets its own answer.
  @Test func requestsAreJoined() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity(
      "m",
      """
      dynamic_batching { }
      instance_group { count: 1 }
      parameters { key: "execute_delay_ms" value { string_value: "100" } }
      """)
    let server = try repository.server()
    try await server.start()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<9 {
        group.addTask {
          let response = try await server.infer(InferenceRequest("m", [index, index + 100]))
          #expect(response.integers("OUT") == [index, index + 100])
        }
      }
      try await group.waitForAll()
    }
    let statistics = try #require(try server.statistics(model: "m", version: nil).first)
    #expect(statistics.inferenceCount == 9)
    #expect(statistics.executionCount < 9)
    #expect(statistics.inferenceStats.success.count == 9)
  }

  @Test func requestsThatWaitTooLongAreRefused() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity(
      "m",
      """
      dynamic_batching {
        default_queue_policy { default_timeout_microseconds: 20000 max_queue_size: 2 }
      }
      instance_group { count: 1 }
      parameters { key: "execute_delay_ms" value { string_value: "60000" } }
      """, batch: 1)
    let server = try repository.server()
    try await server.start()
    let request = try InferenceRequest("m", [1])
    let model = try #require(server.repository.served.first)
    // The instance is busy until this one is given up.
    let running = server.submit(request) { _ in }
    try await eventually { model.pendingCount == 0 }
    try #require(model.statistics.current.failures.isEmpty)
    func outcome() async -> String {
      do throws(ServingError) {
        _ = try await server.infer(request)
        return "answered"
      } catch { return error.message }
    }
    let expired = await outcome()
    #expect(expired == "[request id: <id_unknown>] Request timeout expired")
    running.cancel()
    let text = server.metrics()
    #expect(
      text.contains(
        #"nv_inference_request_failure{model="m",version="1",reason="REJECTED"} 1"#))
  }

  @Test func fullQueuesRefuse() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity(
      "m",
      """
      dynamic_batching { default_queue_policy { max_queue_size: 1 } }
      instance_group { count: 1 }
      parameters { key: "execute_delay_ms" value { string_value: "60000" } }
      """, batch: 1)
    let server = try repository.server()
    try await server.start()
    let request = try InferenceRequest("m", [1])
    let model = try #require(server.repository.served.first)
    let running = server.submit(request) { _ in }
    try await eventually { model.pendingCount == 0 }
    let waiting = server.submit(request) { _ in }
    let failure = await withCheckedContinuation { continuation in
      server.submit(request) { reply in
        if case .failure(let error) = reply { continuation.resume(returning: error.message) }
      }
    }
    #expect(failure == "[request id: <id_unknown>] Exceeds maximum queue size")
    waiting.cancel()
    running.cancel()
  }

  @Test func cancelledRequestsLeaveTheQueue() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity(
      "m",
      """
      instance_group { count: 1 }
      parameters { key: "execute_delay_ms" value { string_value: "60000" } }
      """)
    let server = try repository.server()
    try await server.start()
    let model = try #require(server.repository.served.first)
    let replies = Replies()
    let running = replies.submit(try InferenceRequest("m", [1]), id: "running", to: server)
    try await eventually { model.pendingCount == 0 }
    let waiting = replies.submit(try InferenceRequest("m", [2]), id: "waiting", to: server)
    #expect(model.pendingCount == 1)
    waiting.cancel()
    #expect(model.pendingCount == 0)
    #expect(replies.failure("waiting") == .cancelled)
    #expect(replies["running"] == nil)
    // What runs ends early as well.
    running.cancel()
    try await eventually { replies.failure("running") == .cancelled }
  }

  @Test func decoupledModelsSendManyResponses() async throws {
    let repository = try TemporaryRepository()
    try repository.addSquare("d")
    let server = try repository.server()
    try await server.start()
    func request(_ value: Int) throws -> InferenceRequest {
      let tensor = try integers([value]).reshaped([1])
      var request = InferenceRequest(model: "d", inputs: [NamedTensor("IN", tensor)])
      request.acceptsManyResponses = true
      return request
    }
    for count in [0, 1, 3] {
      var responses = 0
      var ends = 0
      for await reply in server.replies(to: try request(count)) {
        switch reply {
        case .response(let response, _):
          responses += 1
          #expect(response.integers("OUT") == [count])
        case .finished: ends += 1
        case .failure(let error): Issue.record("\(error)")
        }
      }
      #expect(responses == count)
      #expect(ends == 1)
    }
    var single = try request(1)
    single.acceptsManyResponses = false
    await #expect(throws: ServingError.self) { try await server.infer(single) }
  }

  @Test func answersAreKept() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m", "response_cache { enable: true }")
    let server = try repository.server { $0.cacheByteCount = 1 << 20 }
    try await server.start()
    for _ in 0..<3 {
      #expect(try await server.infer(InferenceRequest("m", [7])).integers("OUT") == [7])
    }
    #expect(try await server.infer(InferenceRequest("m", [8])).integers("OUT") == [8])
    let statistics = try #require(try server.statistics(model: "m", version: nil).first)
    #expect(statistics.inferenceStats.cacheHit.count == 2)
    #expect(statistics.inferenceStats.cacheMiss.count == 2)
    #expect(statistics.executionCount == 2)
  }

  /// A version that was loaded again may give other answers.
  @Test func answersOfReplacedVersionsAreForgotten() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m", "response_cache { enable: true }")
    let server = try repository.server(.explicit) { $0.cacheByteCount = 1 << 20 }
    try await server.start()
    for _ in 0..<2 {
      try await server.load(model: "m", LoadOverride())
      #expect(server.cache?.counters.entries == 0)
      for _ in 0..<2 {
        #expect(try await server.infer(InferenceRequest("m", [7])).integers("OUT") == [7])
      }
      let statistics = try #require(try server.statistics(model: "m", version: nil).first)
      #expect(statistics.executionCount == 1)
      #expect(statistics.inferenceStats.cacheHit.count == 1)
    }
  }
}
