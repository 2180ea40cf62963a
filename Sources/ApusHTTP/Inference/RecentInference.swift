#if Server
internal import ApusModelConfig
internal import ApusServing
internal import Synchronization

/// What calls with the same head hand on to each other: what the JSON text of the last request says, and the JSON
/// text of the last answer, both but for the data of tensors. A client that sends tensors of one shape sends one
/// text around them, and gets one.
final class RecentInference: Sendable {
  /// An input and where its bytes are.
  struct Input {
    let name: String
    let type: DataType
    let shape: [Int]
    /// Bytes behind the text; nil where its data is in the text.
    let byteCount: Int?
  }

  /// A request's text and what it says.
  final class Request: Sendable {
    /// The text before, between and behind the data of inputs.
    let pieces: [ByteView]
    let inputs: [Input]
    /// Without the tensors.
    let call: InferenceCall

    init(_ pieces: [ByteView], _ inputs: [Input], _ call: InferenceCall) {
      self.pieces = pieces
      self.inputs = inputs
      self.call = call
    }
  }

  /// An answer's text.
  private final class Answer: Sendable {
    /// The text before, between and behind the data of outputs.
    let pieces: [[UInt8]]
    let outline: ResponseOutline
    /// What the client wanted of the form.
    let layout: AnswerLayout

    init(_ pieces: [[UInt8]], _ outline: ResponseOutline, _ layout: AnswerLayout) {
      self.pieces = pieces
      self.outline = outline
      self.layout = layout
    }
  }

  private let lastRequest = Mutex<Request?>(nil)
  private let lastAnswer = Mutex<Answer?>(nil)

  /// Longer texts are not kept.
  private static let longest = 4 << 10

  /// The last request.
  var request: Request? { lastRequest.withLock { $0 } }

  /// Keeps what a text says, where that depends on nothing else: not on registered memory, nor on values that are
  /// read when all of it is known.
  func remember(_ text: ByteView, _ inputs: [InferenceDecoder.Input], _ call: InferenceCall) {
    guard call.request.outputs.allSatisfy({ $0.destination == nil }) else { return }
    var known: [Input] = []
    var pieces: [ByteView] = []
    var length = 0
    var end = 0
    func keep(_ range: Range<Int>) -> Bool {
      length += range.count
      guard length <= Self.longest, let piece = try? text[range].copied() else { return false }
      pieces.append(piece)
      return true
    }
    for input in inputs {
      guard let name = input.name, let shape = input.shape,
        let type = input.dataType.flatMap(DataType.init(named:)), input.parameters.region == nil
      else { return }
      if let data = input.data {
        guard input.tensor != nil, input.parameters.binarySize == nil, keep(end..<data.lowerBound)
        else { return }
        end = data.upperBound
      } else if input.parameters.binarySize == nil {
        return
      }
      known.append(
        Input(name: name, type: type, shape: shape, byteCount: input.parameters.binarySize))
    }
    guard keep(end..<text.count) else { return }
    let request = Request(pieces, known, call)
    lastRequest.withLock { $0 = request }
  }

  /// The text of an answer, in pieces before, between and behind the data of its outputs, where the last one told
  /// the same in the same form.
  func pieces(of response: InferenceResponse, _ layout: AnswerLayout) -> [[UInt8]]? {
    guard let known = lastAnswer.withLock({ $0 }), known.layout == layout,
      known.outline.fits(response)
    else { return nil }
    return known.pieces
  }

  /// Keeps the text of an answer, `data` being where the data of outputs stand in it.
  func remember(
    _ text: [UInt8], data: [Range<Int>], of response: InferenceResponse, _ layout: AnswerLayout
  ) {
    guard data.reduce(text.count, { $0 - $1.count }) <= Self.longest,
      let outline = ResponseOutline(response)
    else { return }
    var pieces: [[UInt8]] = []
    var end = 0
    for range in data {
      pieces.append(Array(text[end..<range.lowerBound]))
      end = range.upperBound
    }
    pieces.append(Array(text[end...]))
    let answer = Answer(pieces, outline, layout)
    lastAnswer.withLock { $0 = answer }
  }
}
#endif
