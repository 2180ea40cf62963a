/// NumPy's `.npy` format, versions 1 to 3. Source: `numpy.lib.format`.
package enum NumPyFile {
  package static func read(path: String) throws(TensorError) -> HostTensor {
    let file = try MappedFile(path: path)
    do { return try decode(file.range) } catch .malformed(let format, let reason, let offset) {
      throw .file(
        path: path,
        reason: TensorError.malformed(format: format, reason: reason, offset: offset).description)
    }
  }

  package static func write(_ tensor: HostTensor, path: String) throws(TensorError) {
    let writer = try FileWriter(path: path)
    let (header, data) = try encode(tensor)
    try writer.append(header)
    try writer.append(data)
    try writer.commit(durable: false)
  }

  /// Decodes a whole file; dense little-endian row-major data is viewed, not copied.
  package static func decode(_ file: ByteRange) throws(TensorError) -> HostTensor {
    func malformed(_ reason: String, _ offset: Int) -> TensorError {
      .malformed(format: "npy file", reason: reason, offset: offset)
    }
    guard file[0] == 0x93, file.slice(at: 1, count: 5)?.starts(with: "NUMPY") == true else {
      throw malformed("it does not start with \\x93NUMPY", 0)
    }
    guard let version = file[6], (1...3).contains(version) else {
      throw malformed("format version \(file[6].map(String.init) ?? "missing")", 6)
    }
    let prefix = version == 1 ? 10 : 12
    let length =
      version == 1
      ? file.integer(at: 8, as: UInt16.self).map(Int.init)
      : file.integer(at: 8, as: UInt32.self).map(Int.init)
    guard let length, length <= 1 << 20, let text = file.slice(at: prefix, count: length) else {
      throw malformed("the header is cut off or over 1 MiB", 8)
    }
    let header = try NumPyHeader(parsing: text.array, offset: prefix)
    let start = prefix + length
    guard let kind = Kind(header.descriptor) else {
      throw malformed(
        "arrays of type '\(header.descriptor)' have no tensor element type"
          + (header.descriptor.hasSuffix("O") ? " (pickled objects are never loaded)" : ""), prefix)
    }
    guard let count = Array.product(header.shape) else {
      throw malformed("the shape leaves the integer range", prefix)
    }
    let (needed, overflow) = count.multipliedReportingOverflow(by: kind.bytes)
    guard !overflow, let data = file.slice(at: start, count: needed) else {
      throw malformed(
        "shape \(header.shape) of '\(header.descriptor)' needs \(overflow ? "too many" : "\(needed)")"
          + " bytes, \(max(0, file.count - start)) follow", start)
    }
    return try kind.tensor(data, header)
  }

  /// Header and data of a version 1 or 2 file.
  package static func encode(
    _ tensor: HostTensor
  ) throws(TensorError) -> (header: [UInt8], data: HostTensor) {
    if case .texts(let texts) = tensor.content {
      let scalars = texts.map { $0.unicodeScalars.map(\.value) }
      let width = max(1, scalars.map(\.count).max() ?? 1)
      let (cells, overflow) = texts.count.multipliedReportingOverflow(by: width)
      guard !overflow, cells <= 1 << 28 else {
        throw .tooLarge(element: .string, shape: tensor.shape)
      }
      var words: [UInt64] = []
      words.reserveCapacity(cells)
      for text in scalars {
        words += text.map(UInt64.init)
        words += [UInt64](repeating: 0, count: width - text.count)
      }
      return (
        NumPyHeader.encode(descriptor: "<U\(width)", shape: tensor.shape),
        try HostTensor(.uint32, shape: [cells], .unsigned(words))
      )
    }
    guard let descriptor = Kind.descriptor(of: tensor.element) else {
      throw .unsupportedElement(tensor.element, operation: "writing .npy (NumPy lacks the type)")
    }
    return (NumPyHeader.encode(descriptor: descriptor, shape: tensor.shape), tensor)
  }
}

extension NumPyFile {
  /// An array type of NumPy as far as tensors have it.
  private struct Kind {
    enum Content {
      case elements(ElementType)
      case unicode, byteStrings
    }

    let content: Content
    let bytes: Int
    let bigEndian: Bool

    private static let codes: [(code: String, element: ElementType)] = [
      ("f4", .float32), ("f8", .float64), ("f2", .float16), ("i1", .int8), ("i2", .int16),
      ("i4", .int32), ("i8", .int64), ("u1", .uint8), ("u2", .uint16), ("u4", .uint32),
      ("u8", .uint64), ("b1", .bool), ("c8", .complex64), ("c16", .complex128),
    ]

    static func descriptor(of element: ElementType) -> String? {
      guard let code = codes.first(where: { $0.element == element })?.code else { return nil }
      return (element.bitWidth == 8 ? "|" : "<") + code
    }

    init?(_ descriptor: String) {
      guard let order = descriptor.first else { return nil }
      let explicit = "<>|=".contains(order)
      let code = explicit ? String(descriptor.dropFirst()) : descriptor
      bigEndian = order == ">"
      if let match = Self.codes.first(where: { $0.code == code }) {
        content = .elements(match.element)
        bytes = match.element.bitWidth / 8
        return
      }
      guard let width = Int(code.dropFirst()), width >= 0, width <= 1 << 24 else { return nil }
      switch code.first {
      case "U":
        content = .unicode
        bytes = width * 4
      case "S", "a":
        content = .byteStrings
        bytes = width
      default: return nil
      }
    }

    func tensor(_ data: ByteRange, _ header: NumPyHeader) throws(TensorError) -> HostTensor {
      let reorders = header.fortranOrder && header.shape.count > 1
      switch content {
      case .elements(let element):
        if element == .bool {
          return try rowMajor(data, header).map(normalizeFlags).tensor(element, header.shape)
        }
        if !reorders, !bigEndian || element.bitWidth == 8 {
          return try data.tensor(element, shape: header.shape)
        }
        let part = element.arithmetic == .complex ? bytes / 2 : bytes
        return try rowMajor(data, header)
          .map { bigEndian ? swapped($0, width: part) : $0 }.tensor(element, header.shape)
      case .unicode, .byteStrings:
        let cells = try rowMajor(data, header).bytes
        let count = Array.product(header.shape) ?? 0
        guard bytes > 0 || count <= 1 << 24 else {
          throw .tooLarge(element: .string, shape: header.shape)
        }
        var texts: [String] = []
        texts.reserveCapacity(count)
        for index in 0..<count {
          texts.append(text(cells[(index * bytes)..<((index + 1) * bytes)]))
        }
        return try HostTensor(texts: texts, shape: header.shape)
      }
    }

    private func text(_ cell: ArraySlice<UInt8>) -> String {
      if case .byteStrings = content {
        let end = cell.lastIndex { $0 != 0 }.map { $0 + 1 } ?? cell.startIndex
        return String(decoding: cell[..<end], as: UTF8.self)
      }
      var scalars = String.UnicodeScalarView()
      var pending = 0
      for start in stride(from: cell.startIndex, to: cell.endIndex, by: 4) {
        let order = bigEndian ? [0, 1, 2, 3] : [3, 2, 1, 0]
        let value = order.reduce(UInt32(0)) { $0 << 8 | UInt32(cell[start + $1]) }
        if value == 0 {
          pending += 1
          continue
        }
        for _ in 0..<pending { scalars.append("\0") }
        pending = 0
        scalars.append(UnicodeScalar(value) ?? "\u{FFFD}")
      }
      return String(scalars)
    }

    /// The cells in row-major order.
    private func rowMajor(_ data: ByteRange, _ header: NumPyHeader) throws(TensorError) -> Bytes {
      let source = data.array
      guard header.fortranOrder, header.shape.count > 1, !source.isEmpty else {
        return Bytes(bytes: source)
      }
      var strides: [Int] = []
      var step = bytes
      for extent in header.shape {
        strides.append(step)
        step *= extent
      }
      var result: [UInt8] = []
      result.reserveCapacity(source.count)
      var coordinates = [Int](repeating: 0, count: header.shape.count)
      var offset = 0
      while result.count < source.count {
        result += source[offset..<(offset + bytes)]
        var axis = coordinates.count - 1
        while axis >= 0 {
          coordinates[axis] += 1
          offset += strides[axis]
          if coordinates[axis] < header.shape[axis] { break }
          offset -= strides[axis] * header.shape[axis]
          coordinates[axis] = 0
          axis -= 1
        }
      }
      return Bytes(bytes: result)
    }

    private func normalizeFlags(_ bytes: [UInt8]) -> [UInt8] { bytes.map { $0 == 0 ? 0 : 1 } }

    private func swapped(_ bytes: [UInt8], width: Int) -> [UInt8] {
      var result = bytes
      for start in stride(from: 0, to: bytes.count - bytes.count % width, by: width) {
        for index in 0..<width { result[start + index] = bytes[start + width - 1 - index] }
      }
      return result
    }
  }

  private struct Bytes {
    let bytes: [UInt8]

    func map(_ change: ([UInt8]) -> [UInt8]) -> Bytes { Bytes(bytes: change(bytes)) }

    func tensor(_ element: ElementType, _ shape: [Int]) throws(TensorError) -> HostTensor {
      try HostTensor(element, shape: shape, bytes: bytes)
    }
  }
}
