internal import ApusONNXSchema
internal import ApusTensor

/// What a model's file holds, listed the way Polygraphy's `inspect model` does.
package struct ModelListing {
  package enum Part: Sendable, Hashable { case layers, attributes, weights }

  private let editor: ModelEditor
  private let parts: Set<Part>
  private var types: [String: Onnx_TypeProto] = [:]

  package init(_ file: ModelFile, _ parts: Set<Part>) {
    editor = ModelEditor(file)
    self.parts = parts
    let graph = file.proto.graph
    let described = ValueDescriptions(editor)
    for name in editor.valueNames {
      let item = ValueSpecification(name: name)
      if let info = try? described.info(item, needsElement: false), info.hasType {
        types[name] = info.type
      }
    }
    for tensor in graph.initializer { types[tensor.name] = ValueDescriptions.info(of: tensor).type }
  }

  package var text: String {
    let model = editor.model
    let graph = model.graph
    let opsets = model.opsetImport.map { entry in
      entry.domain.isEmpty || entry.domain == "ai.onnx"
        ? "ONNX Opset: \(entry.version)" : "\(entry.domain) Opset: \(entry.version)"
    }
    var lines = ["==== ONNX Model ===="]
    lines.append("    Name: " + ([graph.name] + opsets).joined(separator: " | "))
    let inputs = editor.inputNames
    lines += section("\(inputs.count) Graph Input(s)", [set(inputs)])
    lines += section("\(graph.output.count) Graph Output(s)", [set(editor.outputNames)])
    lines += section(
      "\(graph.initializer.count) Initializer(s)",
      parts.contains(.weights) ? graph.initializer.map(weight) : [])
    lines += section(
      "\(graph.node.count) Node(s)",
      parts.contains(.layers) ? graph.node.enumerated().flatMap { node($1, $0) } : [])
    return lines.joined(separator: "\n")
  }

  private func section(_ title: String, _ lines: [String]) -> [String] {
    ["", "    ---- \(title) ----"]
      + lines.map { $0.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n") }
  }

  private func set(_ names: [String]) -> String {
    "{" + names.filter { !$0.isEmpty }.map(value).joined(separator: ",\n ") + "}"
  }

  private func value(_ name: String) -> String {
    guard let type = types[name] else { return name }
    return "\(name) [\(Self.text(type))]"
  }

  private static func text(_ type: Onnx_TypeProto) -> String {
    switch type.value {
    case .tensorType(let tensor):
      var text = "dtype=\(dataType(tensor.elemType))"
      if tensor.hasShape { text += ", shape=\(shape(tensor.shape))" }
      return text
    case .sequenceType: return "sequence"
    case .optionalType: return "optional"
    case .mapType: return "map"
    case .sparseTensorType(let tensor): return "sparse, dtype=\(dataType(tensor.elemType))"
    case .opaqueType, nil: return "unknown"
    }
  }

  private static func shape(_ shape: Onnx_TensorShapeProto) -> String {
    let parts = shape.dim.map { dimension in
      switch dimension.value {
      case .dimValue(let number): "\(number)"
      case .dimParam(let name): "'\(name)'"
      case nil: "None"
      }
    }
    return "(" + parts.joined(separator: ", ") + (parts.count == 1 ? ",)" : ")")
  }

  /// NumPy's names, as Polygraphy prints them.
  private static func dataType(_ code: Int32) -> String {
    ONNXTextParser.elements.first { $0.value == code }.map { name, _ in
      switch name {
      case "float": "float32"
      case "double": "float64"
      default: name
      }
    } ?? "undefined"
  }

  /// Numbers shown of a large weight at both ends.
  private static let edge = 3

  private func weight(_ tensor: Onnx_TensorProto) -> String {
    let head = "\(value(tensor.name))"
    guard let values = try? editor.tensors.decode(tensor) else { return head }
    return "Initializer | \(head) | Values: \(Self.text(values))"
  }

  private static func text(_ tensor: HostTensor) -> String {
    let words: [String]
    if tensor.count > 1 << 20 {
      return "\(tensor.count) elements"
    } else if case .texts(let texts) = tensor.content {
      words = texts.map { "'\($0)'" }
    } else if let integers = try? tensor.integers(), tensor.element.isInteger {
      words = integers.map(String.init)
    } else if let reals = try? tensor.reals() {
      words = reals.map { "\(Float($0))" }
    } else {
      return "\(tensor.count) elements"
    }
    let shown =
      words.count > 2 * edge + 4
      ? words.prefix(edge) + ["..."] + words.suffix(edge) : words[...]
    return "[" + shown.joined(separator: ", ") + "]"
  }

  private func node(_ node: Onnx_NodeProto, _ index: Int) -> [String] {
    let domain = node.domain.isEmpty ? "" : " | Domain: \(node.domain)"
    var lines = [
      "Node \(index)    | \(node.name) [Op: \(node.opType)\(domain)]",
      "    " + set(node.input).split(separator: "\n").joined(separator: "\n    "),
      "     -> " + set(node.output).split(separator: "\n").joined(separator: "\n        "),
    ]
    if parts.contains(.attributes), !node.attribute.isEmpty {
      lines.append("    ---- Attributes ----")
      lines += node.attribute.map { "    \(node.name).\($0.name) = \(Self.text($0))" }
    }
    return lines
  }

  private static func text(_ attribute: Onnx_AttributeProto) -> String {
    func list(_ items: [String]) -> String { "[" + items.joined(separator: ", ") + "]" }
    func quoted(_ bytes: some Sequence<UInt8>) -> String {
      "'" + String(decoding: Array(bytes), as: UTF8.self) + "'"
    }
    if !attribute.refAttrName.isEmpty { return "@\(attribute.refAttrName)" }
    return switch attribute.type {
    case .float: "\(attribute.f)"
    case .int: "\(attribute.i)"
    case .string: quoted(attribute.s)
    case .floats: list(attribute.floats.map { "\($0)" })
    case .ints: list(attribute.ints.map { "\($0)" })
    case .strings: list(attribute.strings.map(quoted))
    case .tensor: "tensor \(ElementType.onnxName(attribute.t.dataType))\(attribute.t.dims)"
    case .graph: "graph '\(attribute.g.name)' of \(attribute.g.node.count) nodes"
    case .tensors: "\(attribute.tensors.count) tensors"
    case .graphs: "\(attribute.graphs.count) graphs"
    case .typeProto: text(attribute.tp)
    case .sparseTensor, .sparseTensors, .typeProtos, .undefined: "..."
    }
  }
}
