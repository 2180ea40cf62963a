#if Server
internal import ApusServing
internal import GRPCCore

/// Reads requests. What is wrong with one is a value, so that a stream can go on after it.
struct InferMessageDeserializer: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(
    _ bytes: Bytes
  ) throws -> Result<InferMessage, ServingError> {
    do throws(ServingError) {
      let arrival = Clock.now()
      return .success(try InferMessage(MessageBytes.storage(bytes), arrival: arrival))
    } catch { return .failure(error) }
  }
}

/// Writes answers.
struct ResponseEncodingSerializer: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: ResponseEncoding) throws -> Bytes {
    try message.bytes()
  }
}
#endif
