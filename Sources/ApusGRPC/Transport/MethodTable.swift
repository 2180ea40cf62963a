#if Server
internal import ApusServing
internal import NIOCore
internal import SwiftProtobuf

/// Takes the messages of one call, on its event loop.
protocol CallReceiver: AnyObject {
  func receive(_ message: ByteBuffer)
  /// The client sends no more.
  func end()
}

/// What is called by which path.
struct MethodTable: Sendable {
  typealias Method = @Sendable (Call) -> any CallReceiver

  private var methods: [String: Method] = [:]

  subscript(path: String) -> Method? { methods[path] }

  mutating func register(_ path: String, _ method: @escaping Method) { methods[path] = method }

  /// A method with one message each way.
  mutating func unary(
    _ path: String, _ body: @escaping @Sendable (ByteBuffer, Call) -> Void
  ) {
    register(path) { call in SingleReceiver(call) { body($0, call) } }
  }

  /// As above, of messages that generated code reads and writes.
  mutating func unary<Input: SwiftProtobuf.Message, Output: SwiftProtobuf.Message>(
    _ path: String, _ body: @escaping @Sendable (Input) throws(ServingError) -> Output
  ) {
    unary(path) { bytes, call in
      do throws(ServingError) {
        call.answer(try ResponseEncoding(body(Input.read(bytes))))
      } catch { call.finish(CallStatus(error)) }
    }
  }

  /// As above, for what takes a while.
  mutating func unaryAsync<Input: SwiftProtobuf.Message, Output: SwiftProtobuf.Message>(
    _ path: String, _ body: @escaping @Sendable (Input) async throws(ServingError) -> Output
  ) {
    unary(path) { bytes, call in
      Task {
        do throws(ServingError) {
          call.answer(try ResponseEncoding(await body(Input.read(bytes))))
        } catch { call.finish(CallStatus(error)) }
      }
    }
  }
}

extension SwiftProtobuf.Message {
  /// A message of a call. Throws where the bytes are none.
  static func read(_ bytes: ByteBuffer) throws(ServingError) -> Self {
    do { return try Self(serializedBytes: Array(bytes.readableBytesView)) } catch {
      throw WireCursor.malformed
    }
  }
}

/// Takes the only message of a call.
private final class SingleReceiver: CallReceiver {
  private let call: Call
  private let body: (ByteBuffer) -> Void
  private var hasMessage = false

  init(_ call: Call, _ body: @escaping (ByteBuffer) -> Void) {
    self.call = call
    self.body = body
  }

  func receive(_ message: ByteBuffer) {
    guard !hasMessage else {
      return call.finish(CallStatus(.invalidArgument, "the call has more than one message"))
    }
    hasMessage = true
    body(message)
  }

  func end() {
    if !hasMessage { call.finish(CallStatus(.invalidArgument, "the call has no message")) }
  }
}
#endif
