/// The operators of ai.onnx.ml.
extension OperatorTable {
  static let machineLearning: [OperatorImporter] = [
    .init("ArrayFeatureExtractor", Features.extract),
    .init("Binarizer", Features.binarize),
    .init("CastMap", Maps.cast),
    .init("CategoryMapper", Labels.categories),
    .init("DictVectorizer", Maps.vectorize),
    .init("FeatureVectorizer", Features.join),
    .init("Imputer", Features.impute),
    .init("LabelEncoder", Labels.encode),
    .init("LinearClassifier", LinearModels.classify),
    .init("LinearRegressor", LinearModels.regress),
    .init("Normalizer", Features.normalize),
    .init("OneHotEncoder", Labels.oneHot),
    .init("SVMClassifier", SupportVectors.classify),
    .init("SVMRegressor", SupportVectors.regress),
    .init("Scaler", Features.scale),
    .init("TreeEnsemble", since: 5, TreeEnsembles.evaluate),
    .init("TreeEnsembleClassifier", Forests.classify),
    .init("TreeEnsembleRegressor", Forests.regress),
    .init("ZipMap", Maps.zip),
  ]
}
