internal import ApusIR

extension OperatorTable {
  /// Random numbers, losses and what else training needs.
  static let training: [OperatorImporter] = [
    .init("Bernoulli", since: 15, RandomGeneration.bernoulli),
    .init("Dropout", Dropout.dropout),
    .init("Multinomial", since: 7, RandomGeneration.multinomial),
    .init("NegativeLogLikelihoodLoss", since: 12, Losses.likelihood),
    .init("RandomNormal", RandomGeneration.numbers(.normal, like: false)),
    .init("RandomNormalLike", RandomGeneration.numbers(.normal, like: true)),
    .init("RandomUniform", RandomGeneration.numbers(.uniform, like: false)),
    .init("RandomUniformLike", RandomGeneration.numbers(.uniform, like: true)),
    .init("SoftmaxCrossEntropyLoss", since: 12, Losses.crossEntropy),
  ]

  /// Operators of ai.onnx.preview.training.
  static let trainingSteps: [OperatorImporter] = [
    .init("Adagrad", TrainingSteps.adagrad),
    .init("Adam", TrainingSteps.adam),
    .init("Gradient", Gradients.gradient),
    .init("Momentum", TrainingSteps.momentum),
  ]
}
