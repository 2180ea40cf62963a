#if Server
internal import ApusModelConfig
internal import ApusServing
internal import Synchronization

/// What calls with the same head hand on to each other: the JSON text of the last binary request with what it
/// says, and that of the last binary answer. A client that sends tensors of one shape sends one text, and gets
/// one.
final class RecentInference: Sendable {
  /// An input whose bytes stand behind the text.
  struct BinaryInput {
    let name: String
    let type: DataType
    let shape: [Int]
    let byteCount: Int
  }

  private struct Request {
    let text: ByteView
    let inputs: [BinaryInput]
    let call: InferenceCall
  }

  private struct Answer {
    let text: [UInt8]
    let outline: ResponseOutline
  }

  private let lastRequest = Mutex<Request?>(nil)
  private let lastAnswer = Mutex<Answer?>(nil)

  /// Longer texts are not kept.
  private static let longest = 4 << 10

  // MARK: Requests

  /// The inputs that this text names, where it is the last one; fills in what else it says.
  func recall(_ text: ByteView, _ call: inout InferenceCall) -> [BinaryInput]? {
    guard text.count <= Self.longest,
      let known = lastRequest.withLock({ $0 }), known.text.isEqual(to: text)
    else { return nil }
    let arrival = call.request.arrival
    call = known.call
    call.request.arrival = arrival
    return known.inputs
  }

  /// Keeps what a text says, where that depends on nothing else: not on registered memory, nor on bytes of the
  /// text that are values.
  func remember(_ text: ByteView, _ inputs: [InferenceDecoder.Input], _ call: InferenceCall) {
    guard text.count <= Self.longest, call.request.outputs.allSatisfy({ $0.destination == nil })
    else { return }
    var binary: [BinaryInput] = []
    for input in inputs {
      guard let name = input.name, let shape = input.shape,
        let type = input.dataType.flatMap(DataType.init(named:)),
        let size = input.parameters.binarySize, input.data == nil, input.parameters.region == nil
      else { return }
      binary.append(BinaryInput(name: name, type: type, shape: shape, byteCount: size))
    }
    guard let copy = try? text.copied() else { return }
    lastRequest.withLock { $0 = Request(text: copy, inputs: binary, call: call) }
  }

  // MARK: Answers

  /// The text of an answer, where the last one told the same.
  func text(of response: InferenceResponse) -> [UInt8]? {
    guard let known = lastAnswer.withLock({ $0 }), known.outline.fits(response) else { return nil }
    return known.text
  }

  /// Keeps the text of an answer whose outputs are all binary.
  func remember(_ text: [UInt8], of response: InferenceResponse) {
    guard text.count <= Self.longest, let outline = ResponseOutline(response) else {
      return
    }
    lastAnswer.withLock { $0 = Answer(text: text, outline: outline) }
  }
}
#endif
