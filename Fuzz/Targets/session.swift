// Corpus: engine
// Sources: Fuzz/EngineRepair.swift
import Apus
import ApusEngine
import ApusIR
import ApusRuntime
import ApusTensor

extension FuzzTarget {
  /// From engine file to outputs: plans with right checksums and anything inside are refused or run.
  static func session(_ bytes: [UInt8]) {
    var bytes = bytes
    repair(&bytes)
    guard let range = try? ByteRange(copying: bytes), let reader = try? EngineReader(range),
      let engine = try? Compiler.load(reader, threads: 1).engine
    else { return }
    var options = SessionOptions()
    options.limits.memory = 1 << 24
    options.limits.loopPasses = 1000
    let session = engine.makeSession(options)
    for size in [2, 1, 3] {
      var inputs: [HostTensor] = []
      for (_, type) in engine.inputs {
        let shape = type.extents?.map { extent in
          extent.substituting(Dictionary(uniqueKeysWithValues: extent.symbols.map { ($0, size) }))
            .fixed ?? size
        }
        guard let shape, shape.allSatisfy({ $0 >= 0 }), (Array.product(shape) ?? .max) <= 4096,
          let tensor = try? HostTensor(zeros: type.element, shape: shape)
        else { return }
        inputs.append(tensor)
      }
      guard let outputs = try? session.run(ordered: inputs) else { return }
      for output in outputs where output.count <= 4096 { _ = try? output.elements() }
    }
  }
}
