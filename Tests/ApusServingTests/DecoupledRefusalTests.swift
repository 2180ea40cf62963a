import Testing

@testable import ApusServing

@Suite struct DecoupledRefusalTests {
  /// Each protocol's clients are told in the words that they know.
  @Test(arguments: [("HTTP", "HTTP end point"), ("GRPC", "ModelInfer RPC")])
  func singleAnswersAreRefused(protocolName: String, subject: String) async throws {
    let repository = try TemporaryRepository()
    try repository.addSquare("d")
    let server = try repository.server()
    try await server.start()
    var request = InferenceRequest(
      model: "d", inputs: [NamedTensor("IN", try integers([1]).reshaped([1]))])
    request.protocolName = protocolName
    let replies = ReplyLog()
    server.submit(request, reply: replies.take)
    let failure = try #require(replies.failures.first)
    #expect(failure.code == .unsupported)
    #expect(!failure.isAfterAdmission)
    #expect(
      failure.message.hasSuffix(
        "\(subject) doesn't support models with decoupled transaction policy"))
  }
}
