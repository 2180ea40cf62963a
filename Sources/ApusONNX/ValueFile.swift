package import ApusTensor

/// `TensorProto`, `SequenceProto`, `OptionalProto` and `MapProto` files; the value's type says which
/// it is. Source: onnx-data.proto of ONNX 1.23.
package enum ValueFile {
  package static func read(path: String, as type: ValueType) throws(ImportError) -> HostValue {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw ImportError(.file("\(error)")) }
    return try decode(file.range, as: type)
  }

  package static func decode(
    _ bytes: ByteRange, as type: ValueType
  ) throws(ImportError) -> HostValue {
    switch type {
    case .tensor: .tensor(try TensorFile.decode(bytes).tensor)
    case .sequence(let element):
      .sequence(try sequence(bytes, of: element), of: element)
    case .optional(let element): try optional(bytes, of: element)
    case .map(let key, let element): try map(bytes, key, of: element)
    }
  }

  /// Field numbers of values inside containers, by their kind.
  private static func number(_ type: ValueType, tensor: Int) -> Int {
    switch type {
    case .tensor: tensor
    case .sequence: tensor + 2
    case .map: tensor + 3
    case .optional: tensor + 4
    }
  }

  /// Visits every field with its bytes; of one that is a number these begin with the field's key.
  private static func fields(
    _ bytes: ByteRange, _ visit: (Int, ByteRange, _ isNumber: Bool) throws(ImportError) -> Void
  ) throws(ImportError) {
    var reader = WireReader(bytes)
    while true {
      let field: WireReader.Field?
      do { field = try reader.next() } catch {
        throw ImportError(.notAModel("the file holds no such value: \(error)"))
      }
      guard let field else { return }
      if case .range(let start, let count) = field.payload {
        if let content = bytes.slice(at: start, count: count) {
          try visit(field.number, content, false)
        }
      } else if let content = bytes.slice(at: field.start, count: field.end - field.start) {
        try visit(field.number, content, true)
      }
    }
  }

  private static func sequence(
    _ bytes: ByteRange, of element: ValueType
  ) throws(ImportError) -> [HostValue] {
    let wanted = number(element, tensor: 3)
    var values: [HostValue] = []
    try fields(bytes) { number, content, _ throws(ImportError) in
      if number == wanted { values.append(try decode(content, as: element)) }
    }
    return values
  }

  private static func optional(
    _ bytes: ByteRange, of element: ValueType
  ) throws(ImportError) -> HostValue {
    let wanted = number(element, tensor: 3)
    var value: HostValue?
    try fields(bytes) { number, content, _ throws(ImportError) in
      if number == wanted { value = try decode(content, as: element) }
    }
    return .optional(value, of: element)
  }

  private static func map(
    _ bytes: ByteRange, _ key: ElementType, of element: ValueType
  ) throws(ImportError) -> HostValue {
    var integers: [Int64] = []
    var texts: [String] = []
    var values: [HostValue] = []
    try fields(bytes) { number, content, isNumber throws(ImportError) in
      switch number {
      case 3: integers += try varints(content).dropFirst(isNumber ? 1 : 0)
      case 4: texts.append(String(decoding: content.array, as: UTF8.self))
      case 5: values = try sequence(content, of: element)
      default: break
      }
    }
    let keys: HostTensor
    do {
      keys =
        key == .string
        ? try HostTensor(texts: texts, shape: [texts.count])
        : try HostTensor(key, shape: [integers.count], .signed(integers))
    } catch { throw ImportError(.notAModel("the map's keys: \(error)")) }
    guard keys.count == values.count else {
      throw ImportError(
        .notAModel("the map has \(keys.count) keys and \(values.count) values"))
    }
    return .map(keys: keys, values: values, of: element)
  }

  private static func varints(_ bytes: ByteRange) throws(ImportError) -> [Int64] {
    var reader = WireReader(bytes)
    var numbers: [Int64] = []
    do {
      while reader.position < bytes.count { numbers.append(Int64(bitPattern: try reader.varint())) }
    } catch { throw ImportError(.notAModel("the map's keys: \(error)")) }
    return numbers
  }

  package static func write(
    _ value: HostValue, name: String, path: String
  ) throws(TensorError) {
    if let tensor = value.tensor {
      try TensorFile.write(tensor, name: name, path: path)
    } else {
      try FileSystem.write(try encode(value, name: name), to: path)
    }
  }

  private static func encode(
    _ value: HostValue, name: String
  ) throws(TensorError) -> [UInt8] {
    var writer = WireWriter()
    switch value {
    case .tensor(let tensor): return try TensorFile.encode(tensor, name: name)
    case .sequence(let values, let element):
      writer.field(1, Array(name.utf8))
      writer.key(2, wireType: 0)
      writer.varint(kind(element))
      for value in values {
        writer.field(number(element, tensor: 3), try encode(value, name: ""))
      }
    case .optional(let held, let element):
      writer.field(1, Array(name.utf8))
      writer.key(2, wireType: 0)
      writer.varint(held == nil ? 0 : kind(element))
      if let held { writer.field(number(element, tensor: 3), try encode(held, name: name)) }
    case .map(let keys, let values, let element):
      writer.field(1, Array(name.utf8))
      writer.key(2, wireType: 0)
      writer.varint(UInt64(keys.element.onnxCode))
      if case .texts(let texts) = keys.content {
        for text in texts { writer.field(4, Array(text.utf8)) }
      } else {
        var packed = WireWriter()
        for key in try keys.integers() { packed.varint(UInt64(bitPattern: Int64(key))) }
        writer.field(3, packed.bytes)
      }
      writer.field(5, try encode(.sequence(values, of: element), name: ""))
    }
    return writer.bytes
  }

  /// The number by which containers name the kind of what they hold.
  private static func kind(_ type: ValueType) -> UInt64 {
    switch type {
    case .tensor: 1
    case .sequence: 3
    case .map: 4
    case .optional: 5
    }
  }
}
