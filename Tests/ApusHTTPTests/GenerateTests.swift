#if Server
import ApusServing
import NIOHTTP1
import Testing

@testable import ApusHTTP

@Suite struct GenerateTests {
  private func generate(
    _ model: String, _ json: String, stream: Bool = false, service: FakeService = FakeService()
  ) async throws -> Outcome {
    try await call(
      .POST, "/v2/models/\(model)/generate\(stream ? "_stream" : "")", json: json,
      service: service)
  }

  @Test func makesTensorsOfKeys() async throws {
    let service = FakeService()
    let outcome = try await generate(
      "text", #"{"IN":["a","b"],"id":"7","stream":false,"parameters":{"temperature":0.5,"n":2}}"#,
      service: service)
    #expect(outcome.status == 200, "\(outcome.text)")
    #expect(
      outcome.text == #"{"id":"7","model_name":"text","model_version":"1","IN":["a","b"]}"#)
    let request = service.last
    #expect(request?.inputs.first?.tensor.shape == [1, 2])
    #expect(
      request?.parameters
        == ["stream": .bool(false), "temperature": .double(0.5), "n": .integer(2)])
  }

  @Test func unwrapsSingleValues() async throws {
    let outcome = try await generate("count", #"{"IN":1}"#)
    #expect(outcome.text == #"{"model_name":"count","model_version":"1","index":0,"IN":1}"#)
  }

  @Test func expectsOneResponse() async throws {
    for number in [0, 2] {
      let outcome = try await generate("count", #"{"IN":[\#(number)]}"#)
      #expect(outcome.status == 500)
      #expect(outcome.error?.contains("exactly 1 response") == true)
    }
  }

  @Test func streams() async throws {
    let outcome = try await generate("count", #"{"IN":2}"#, stream: true)
    #expect(outcome.parts.count == 2)
    #expect(
      outcome.parts.first
        == "data: {\"model_name\":\"count\",\"model_version\":\"1\",\"index\":0,\"IN\":2}\n\n")
    let none = try await generate("count", #"{"IN":0}"#, stream: true)
    #expect(none.status == 200)
    #expect(none.parts.joined().isEmpty)
    let broken = try await generate("broken", #"{"IN":[1,2]}"#, stream: true)
    #expect(broken.status == 503)
    #expect(broken.parts == ["data: {\"error\":\"it is broken\"}\n\n"])
  }

  @Test(arguments: [
    #"{"IN":[1,2,3]}"#, #"{"IN":{}}"#, #"{"IN":[[1,2],[3]]}"#, #"{"IN":"x"}"#, #"{"IN":[1,2]"#,
    #"{"IN":[1,2],"parameters":5}"#, #"{"IN":[1,2],"x":[1]}"#, #"{"IN":[1,2],"IN":[1,2]}"#,
    #"{"IN":[1,2],"parameters":{"IN":[1,2]}}"#, #"{"IN":[1,2],"x":null}"#, "", "[]",
  ])
  func refusesWhatDoesNotFit(_ json: String) async throws {
    let outcome = try await generate("echo", json)
    #expect(outcome.status == 400, "\(outcome.text)")
    #expect(outcome.error != nil)
  }

  @Test func needsTheModel() async throws {
    #expect(try await generate("unknown", "{}").status == 404)
    #expect(try await generate("unknown", "{}", stream: true).status == 404)
  }
}
#endif
