/// What a configuration is completed from, besides the model.
package struct CompletionOptions: Sendable {
  /// `max_batch_size` of models that can be batched and whose configuration says nothing
  /// (`--backend-config=onnxruntime,default-max-batch-size=N`).
  package var defaultMaximumBatchSize = 4
  /// Names of what the directory of a version holds.
  package var files: [String] = []

  package init() {}
}
