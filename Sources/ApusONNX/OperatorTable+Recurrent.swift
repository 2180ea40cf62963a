internal import ApusIR

extension OperatorTable {
  /// Recurrent layers.
  static let recurrent: [OperatorImporter] = [
    .init("GRU", Recurrent.layer(.gru)),
    .init("LSTM", Recurrent.layer(.lstm)),
    .init("RNN", Recurrent.layer(.simple)),
  ]
}
