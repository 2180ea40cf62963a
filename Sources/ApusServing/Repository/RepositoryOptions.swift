/// How the server finds and loads models.
package struct RepositoryOptions: Sendable {
  package enum Control: String, Sendable, CaseIterable {
    /// All models at the start, nothing later.
    case none
    /// All models at the start, then whatever changes in the repositories.
    case poll
    /// Models named at the start or by clients.
    case explicit
  }

  /// Directories of models; where two hold a model of one name, neither is served.
  package var paths: [String]
  package var control = Control.none
  /// Models to load at the start under `explicit`; `*` is all.
  package var startupModels: [String] = []
  package var pollSeconds = 15
  package var loadThreads = 4
  /// How often a failed load is tried again.
  package var loadRetries = 0
  /// `configs/NAME.pbtxt` is read where a model has it, before `config.pbtxt`.
  package var configName = ""
  /// Whether what a configuration leaves out is taken from the model.
  package var completesConfig = true
  /// `max_batch_size` of models that can be batched and do not say.
  package var defaultMaximumBatchSize = 4
  /// Whether every model has to be ready for the server to be.
  package var isStrict = true

  package init(paths: [String]) { self.paths = paths }
}
