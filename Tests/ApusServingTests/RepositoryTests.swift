import ApusModelConfig
import ApusServingSchema
import ApusTestSupport
import Testing

@testable import ApusServing

@Suite struct RepositoryTests {
  @Test func theNewestVersionServesUnlessThePolicySaysOtherwise() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("latest")
    try repository.addIdentity("all", "version_policy { all { } }")
    try repository.addIdentity("some", "version_policy { specific { versions: [ 1 ] } }")
    for name in ["latest", "all", "some"] {
      try repository.write("", to: "\(name)/3/empty")
      try repository.write("", to: "\(name)/03/empty")
      try repository.write("", to: "\(name)/x/empty")
    }
    let server = try repository.server()
    try await server.start()
    func versions(_ model: String) throws -> [String] {
      try server.metadata(model: model, version: nil).versions
    }
    #expect(try versions("latest") == ["3"])
    #expect(try versions("all") == ["1", "3"])
    #expect(try versions("some") == ["1"])
    #expect(throws: ServingError.self) { try server.metadata(model: "latest", version: 1) }
  }

  @Test func aModelThatFailsMakesTheServerUnready() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("good")
    try repository.write("max_batch_size: 8\nbackendd: \"identity\"", to: "bad/config.pbtxt")
    try repository.write("", to: "bad/1/empty")
    let server = try repository.server()
    try await server.start()
    #expect(!server.isReady)
    #expect(server.isLive)
    let failure = try #require(server.repository.failures.first)
    #expect(failure.model == "bad")
    #expect(failure.reason.contains("config.pbtxt:2"))
    #expect(failure.reason.contains("backend"))
    #expect(try await server.infer(InferenceRequest("good", [1])).integers("OUT") == [1])
    let index = try server.index(onlyReady: false)
    #expect(index.map(\.name) == ["bad", "good"])
    #expect(index.map(\.state) == ["UNAVAILABLE", "READY"])
  }

  @Test func clientsLoadAndUnload() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server(.explicit)
    try await server.start()
    #expect(server.isReady)
    #expect(throws: ServingError.self) { try server.metadata(model: "m", version: nil) }
    try await server.load(model: "m", LoadOverride())
    #expect(try await server.infer(InferenceRequest("m", [1])).integers("OUT") == [1])
    try await server.unload(model: "m", withDependents: false)
    #expect(throws: ServingError.self) { try server.metadata(model: "m", version: nil) }
    await #expect(throws: ServingError.self) {
      try await server.load(model: "none", LoadOverride())
    }
    await #expect(throws: ServingError.self) {
      try await server.load(model: "../m", LoadOverride())
    }
    #expect(server.isReady)
  }

  @Test func aPlainLoadUndoesAnOverride() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server(.explicit)
    try await server.start()
    var override = LoadOverride()
    override.config =
      #"{"backend":"identity","max_batch_size":2,"input":[{"name":"A","data_type":"TYPE_INT32","#
      + #""dims":[-1]}],"output":[{"name":"B","data_type":"TYPE_INT32","dims":[-1]}]}"#
    try await server.load(model: "m", override)
    #expect(try server.config(model: "m", version: nil).maxBatchSize == 2)
    try await server.load(model: "m", LoadOverride())
    #expect(try server.config(model: "m", version: nil).maxBatchSize == 8)
    // Files need a configuration.
    override.config = nil
    override.files = ["1/model.onnx": []]
    let files = override
    await #expect(throws: ServingError.self) { try await server.load(model: "m", files) }
    #expect(try server.config(model: "m", version: nil).maxBatchSize == 8)
  }

  @Test func aFailedReloadLeavesTheOldVersion() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server(.explicit)
    try await server.start()
    try await server.load(model: "m", LoadOverride())
    try repository.write("nonsense", to: "m/config.pbtxt")
    await #expect(throws: ServingError.self) { try await server.load(model: "m", LoadOverride()) }
    #expect(try await server.infer(InferenceRequest("m", [1])).integers("OUT") == [1])
  }

  @Test func pollingFollowsTheFiles() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("a")
    let server = try repository.server(.poll)
    try await server.start()
    try repository.addIdentity("b")
    try repository.addIdentity("a", batch: 3)
    await server.repository.poll()
    #expect(try server.config(model: "a", version: nil).maxBatchSize == 3)
    #expect(try await server.infer(InferenceRequest("b", [1])).integers("OUT") == [1])
    try repository.remove("b")
    await server.repository.poll()
    #expect(throws: ServingError.self) { try server.config(model: "b", version: nil) }
  }

  /// Requests are answered without a gap while a model is loaded again and again.
  @Test func reloadingLosesNothing() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity("m")
    let server = try repository.server(.explicit)
    try await server.start()
    try await server.load(model: "m", LoadOverride())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask {
          for index in 0..<500 {
            let response = try await server.infer(InferenceRequest("m", [task, index]))
            #expect(response.integers("OUT") == [task, index])
          }
        }
      }
      group.addTask {
        for _ in 0..<20 { try await server.load(model: "m", LoadOverride()) }
      }
      try await group.waitForAll()
    }
  }

  @Test func stoppingFinishesWhatRuns() async throws {
    let repository = try TemporaryRepository()
    try repository.addIdentity(
      "m", #"parameters { key: "execute_delay_ms" value { string_value: "200" } }"#)
    let server = try repository.server()
    try await server.start()
    let model = try #require(server.repository.served.first)
    let replies = Replies()
    _ = replies.submit(try InferenceRequest("m", [5]), id: "running", to: server)
    try await eventually { model.pendingCount == 0 }
    server.beginDraining()
    #expect(!server.isReady)
    #expect(server.isLive)
    let isClean = await server.stop(deadline: Clock.now() + 10_000_000_000)
    #expect(isClean)
    guard case .response(let response, isFinal: true)? = replies["running"] else {
      Issue.record("no answer")
      return
    }
    #expect(response.integers("OUT") == [5])
    #expect(!server.isLive)
  }

  /// A server that is loading a model, until the gate opens.
  private func loadingServer(
    _ repository: TemporaryRepository, _ gate: Gate
  ) async throws -> (server: InferenceServer, loading: Task<Void, any Error>) {
    try repository.addScripted(
      "m",
      """
      model_warmup {
        name: "w" batch_size: 1
        inputs { key: "IN" value { data_type: TYPE_INT32 dims: [ 1 ] zero_data: true } }
      }
      """)
    let server = try repository.server(.explicit) { _, inputs throws(ServingError) in
      gate.pass()
      return [NamedTensor("OUT", inputs[0].tensor)]
    }
    try await server.start()
    let loading = Task { try await server.load(model: "m", LoadOverride()) }
    try await eventually { gate.waitingCount == 1 }
    return (server, loading)
  }

  @Test func anUnloadDuringALoadUndoesIt() async throws {
    let repository = try TemporaryRepository()
    let gate = Gate()
    let (server, loading) = try await loadingServer(repository, gate)
    try await server.unload(model: "m", withDependents: false)
    gate.open()
    try await loading.value
    #expect(throws: ServingError.self) { try server.metadata(model: "m", version: nil) }
    #expect(server.isReady)
  }

  @Test func stoppingWaitsForLoadsAndBeginsNoMore() async throws {
    let repository = try TemporaryRepository()
    let gate = Gate()
    let (server, loading) = try await loadingServer(repository, gate)
    let stopping = Task { await server.stop(deadline: Clock.now() + 60_000_000_000) }
    try await eventually { !server.isLive }
    gate.open()
    #expect(await stopping.value)
    #expect(server.repository.served.isEmpty)
    try await loading.value
    await #expect(throws: ServingError.self) {
      try await server.load(model: "m", LoadOverride())
    }
  }

  @Test func stoppingKeepsToItsTimeWhileModelsLoad() async throws {
    let repository = try TemporaryRepository()
    let gate = Gate()
    let (server, loading) = try await loadingServer(repository, gate)
    let isClean = await server.stop(deadline: Clock.now())
    #expect(!isClean)
    gate.open()
    try await loading.value
    #expect(server.repository.served.isEmpty)
  }

  @Test func anEmptyLineOfALabelFileIsAClass() async throws {
    let repository = try TemporaryRepository()
    try repository.write(
      """
      backend: "identity"
      input { name: "IN" data_type: TYPE_FP32 dims: [ 3 ] }
      output { name: "OUT" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" }
      """, to: "m/config.pbtxt")
    try repository.write("\r\ncat\u{2028}s\n\ndog\n", to: "m/labels.txt")
    try repository.write("", to: "m/1/empty")
    let server = try repository.server()
    try await server.start()
    let model = try #require(server.repository.served.first)
    #expect(model.contract.outputs.first?.labels == ["", "cat\u{2028}s", "", "dog"])
  }

  @Test func aNameThatTwoRepositoriesHoldIsServedByNeither() async throws {
    let first = try TemporaryRepository()
    let second = try TemporaryRepository()
    try first.addIdentity("m")
    try second.addIdentity("n")
    let server = try first.server(.poll) { $0.repository.paths.append(second.path) }
    try await server.start()
    #expect(server.isReady)
    try second.addIdentity("m")
    await server.repository.poll()
    #expect(throws: ServingError.self) { try server.metadata(model: "m", version: nil) }
    #expect(server.repository.failures.map(\.model) == ["m"])
    await server.repository.poll()
    #expect(server.repository.failures.map(\.model) == ["m"])
    try first.remove("m")
    await server.repository.poll()
    #expect(try await server.infer(InferenceRequest("m", [1])).integers("OUT") == [1])
    #expect(server.isReady)
  }
}
