internal import ArgumentParser

struct SurgeonCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "surgeon",
    abstract: "Edits ONNX models: folds constants, cuts parts out, renames, changes shapes.",
    discussion: """
      Everything that an edit does not touch stays as it is in the file. What is written is ONNX \
      again, to be used anywhere; the ending of -o may also ask for .textproto or .json.

      Examples:
        apus surgeon sanitize model.onnx --fold-constants --cleanup -o folded.onnx
        apus surgeon extract model.onnx --inputs x:[1,3,224,224]:float32 --outputs y:auto -o part.onnx
        apus surgeon rename model.onnx --values input.1=image -o renamed.onnx
        apus surgeon set-shapes model.onnx x:[batch,3,224,224] -o dynamic.onnx
        apus surgeon insert model.onnx --outputs hidden:auto -o probed.onnx
        apus surgeon prune model.onnx --outputs aux -o pruned.onnx
      """,
    subcommands: [
      SurgeonSanitize.self, SurgeonExtract.self, SurgeonRename.self, SurgeonSetShapes.self,
      SurgeonInsert.self, SurgeonPrune.self,
    ])
}
