internal import ApusTensor

/// A serialized message whose `raw_data` references are replaced by what they stand for: pieces that
/// are written one after the other, so that weights are never copied together.
struct ModelAssembly {
  enum Piece {
    case bytes([UInt8])
    case range(ByteRange)
    case tensor(HostTensor)

    var byteCount: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .range(let range): range.count
      case .tensor(let tensor): tensor.byteCount
      }
    }
  }

  private(set) var pieces: [Piece] = []
  private(set) var byteCount = 0

  /// The largest message that protobuf readers accept.
  static let limit = 0x7FFF_FFFF
  private static let rawData = 9

  typealias Resolve = (ByteRange) throws(ImportError) -> TensorDecoder.Payload

  /// `structure` is a message as `PayloadScanner` leaves them; `resolve` finds the payload of a
  /// reference's bytes.
  init(
    _ structure: ByteRange, as message: PayloadScanner.Message, _ resolve: Resolve
  ) throws(ImportError) {
    do throws(WireError) { try scan(structure, message, resolve) } catch {
      throw .invalid("the edited model: \(error)")
    }
    if let failure { throw failure }
  }

  /// The first failure of `resolve`; scanning has another type of error.
  private var failure: ImportError?

  private init() {}

  private mutating func scan(
    _ bytes: ByteRange, _ message: PayloadScanner.Message, _ resolve: Resolve
  ) throws(WireError) {
    var reader = WireReader(bytes)
    while let field = try reader.next() {
      guard case .range(let start, let count) = field.payload,
        let content = bytes.slice(at: start, count: count)
      else {
        append(bytes, field)
        continue
      }
      if message == .tensor, field.number == Self.rawData {
        do throws(ImportError) {
          let payload = try resolve(content)
          append(header: field.number, payload.byteCount)
          switch payload {
          case .mapped(let range): append(.range(range))
          case .added(let tensor): append(.tensor(tensor))
          }
        } catch { failure = failure ?? error }
      } else if let child = message.child(field.number) {
        var inner = ModelAssembly()
        try inner.scan(content, child, resolve)
        failure = failure ?? inner.failure
        append(header: field.number, inner.byteCount)
        for piece in inner.pieces { append(piece) }
      } else {
        append(bytes, field)
      }
    }
  }

  private mutating func append(_ bytes: ByteRange, _ field: WireReader.Field) {
    if let whole = bytes.slice(at: field.start, count: field.end - field.start) {
      append(.bytes(whole.array))
    }
  }

  private mutating func append(header number: Int, _ count: Int) {
    var writer = WireWriter()
    writer.key(number, wireType: 2)
    writer.varint(UInt64(count))
    append(.bytes(writer.bytes))
  }

  private mutating func append(_ piece: Piece) {
    let (sum, overflow) = byteCount.addingReportingOverflow(piece.byteCount)
    byteCount = overflow ? .max : sum
    guard case .bytes(let more) = piece, case .bytes(var last) = pieces.last else {
      pieces.append(piece)
      return
    }
    pieces.removeLast()
    last += more
    pieces.append(.bytes(last))
  }

  /// All bytes in memory.
  var bytes: [UInt8] {
    var all: [UInt8] = []
    all.reserveCapacity(byteCount)
    for piece in pieces {
      switch piece {
      case .bytes(let bytes): all += bytes
      case .range(let range): all += range.array
      case .tensor(let tensor): all += tensor.packedBytes
      }
    }
    return all
  }

  func write(to path: String) throws(TensorError) {
    let writer = try FileWriter(path: path)
    for piece in pieces {
      switch piece {
      case .bytes(let bytes): try writer.append(bytes)
      case .range(let range): try writer.append(range)
      case .tensor(let tensor): try writer.append(tensor)
      }
    }
    try writer.commit(durable: true)
  }
}
