#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusTensor
internal import Synchronization

/// What calls of a connection hand on to each other: the messages of the last requests up to their tensors with what
/// they say, and the beginnings of the last answers. A client that sends tensors of one shape sends the
/// same bytes before them, and gets the same.
final class RecentInference: Sendable {
  private struct Request {
    let prefix: [UInt8]
    /// Without inputs.
    let request: InferenceRequest
    let inputs: [(name: String, type: DataType, shape: [Int])]
  }

  private struct Answer {
    let outline: ResponseOutline
    let encoding: ResponseEncoding.Beginning
  }

  /// A few entries, of which a new one takes the place of the oldest.
  private struct Recent<Entry> {
    private(set) var entries: [Entry] = []
    private var oldest = 0
    private static var most: Int { 4 }

    mutating func add(_ entry: Entry) {
      guard entries.count == Self.most else { return entries.append(entry) }
      entries[oldest] = entry
      oldest = (oldest + 1) % Self.most
    }
  }

  private let requests = Mutex(Recent<Request>())
  private let answers = Mutex(Recent<Answer>())

  /// Longer beginnings are not kept.
  private static let longest = 4 << 10

  // MARK: Requests

  /// The request of a message that begins as one of the last did; nil for any other.
  func recall(_ storage: Storage, arrival: UInt64) throws(ServingError) -> InferenceRequest? {
    var cursor = unsafe WireCursor(storage.bytes, 0..<storage.byteCount)
    let known = requests.withLock { $0.entries }.first { cursor.pass($0.prefix) }
    guard let known else { return nil }
    var request = known.request
    request.arrival = arrival
    request.inputs.reserveCapacity(known.inputs.count)
    while let tag = try cursor.tag() {
      let place = request.inputs.count
      guard tag.field == InferMessage.rawField, place < known.inputs.count else { return nil }
      let range = try cursor.content(tag)
      let input = known.inputs[place]
      let tensor = try ServedTensor(
        input.type, shape: input.shape, storage: storage, offset: range.lowerBound,
        byteCount: range.count, input: input.name)
      request.inputs.append(NamedTensor(input.name, tensor))
    }
    return request.inputs.count == known.inputs.count ? request : nil
  }

  /// Keeps what a message says before its tensors, where that depends on nothing else: not on registered memory,
  /// nor on values in it.
  func remember(_ message: InferMessage, _ request: InferenceRequest) {
    guard let length = message.prefixLength, length <= Self.longest,
      message.raw.count == message.inputs.count, request.inputs.count == message.inputs.count,
      message.inputs.allSatisfy({ $0.contents == nil && $0.parameters.isEmpty }),
      request.outputs.allSatisfy({ $0.destination == nil })
    else { return }
    var plain = request
    plain.inputs = []
    let inputs = request.inputs.map { ($0.name, $0.tensor.dataType, $0.tensor.shape) }
    var prefix: [UInt8] = []
    unsafe WireCursor(message.storage.bytes, 0..<message.storage.byteCount)
      .copy(0..<length, to: &prefix)
    requests.withLock { $0.add(Request(prefix: prefix, request: plain, inputs: inputs)) }
  }

  // MARK: Answers

  /// A response in binary form.
  func encoding(of response: InferenceResponse) -> ResponseEncoding {
    if let known = answers.withLock({ $0.entries }).first(where: { $0.outline.fits(response) }) {
      return ResponseEncoding(response, known.encoding)
    }
    let beginning = ResponseEncoding.Beginning(response)
    if beginning.byteCount <= Self.longest, let outline = ResponseOutline(response) {
      answers.withLock { $0.add(Answer(outline: outline, encoding: beginning)) }
    }
    return ResponseEncoding(response, beginning)
  }
}
#endif
