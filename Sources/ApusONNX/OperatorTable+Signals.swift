internal import ApusIR

/// Images, regions, signals and general contractions.
extension OperatorTable {
  static let signals: [OperatorImporter] = [
    .init("AffineGrid", since: 20, Vision.affineGrid),
    .init("BlackmanWindow", since: 17, Signals.window([0.42, 0.5, 0.08])),
    .init("Col2Im", since: 18, Vision.columns),
    .init("ConvTranspose", Vision.transposed),
    .init("DFT", since: 17, Signals.fourier),
    .init("DeformConv", since: 19, Vision.deformable),
    .init("Det", since: 11, Contractions.determinant),
    .init("Einsum", since: 12, Contractions.einsum),
    .init("GlobalLpPool", LengthPooling.global),
    .init("GridSample", since: 16, Vision.gridSample),
    .init("HammingWindow", since: 17, Signals.window([25.0 / 46, 21.0 / 46])),
    .init("HannWindow", since: 17, Signals.window([0.5, 0.5])),
    .init("LRN", LengthPooling.response),
    .init("LpPool", LengthPooling.pool),
    .init("MaxRoiPool", Vision.pool),
    .init("MaxUnpool", since: 9, Vision.unpool),
    .init("MelWeightMatrix", since: 17, Signals.mel),
    .init("NonMaxSuppression", since: 10, Vision.suppress),
    .init("Resize", since: 10, Resizing.resize),
    .init("RoiAlign", since: 10, Vision.align),
    .init("STFT", since: 17, Signals.shortTime),
    .init("Upsample", Resizing.upsample),
  ]
}
