import DVLABundles
public import DVLADiagnostics
import DVLAJSON
import DVLARemapping

extension BundleComparison {
  /// The same weights under other heads, epsilons or scales are another model.
  ///
  /// - Throws: `verify.configuration` when the bundle's is not what the sources give.
  static func checkConfiguration(
    of bundle: WeightBundle, against conversion: Conversion
  ) throws(WeightsError) {
    let (documents, remap) = (bundle.documents, conversion.plan.remap)
    if documents.family != remap.family {
      throw WeightsError(
        .verifyConfiguration, .checkFailed, file: bundle.path,
        "is of the family \(documents.family.escapedForTerminal), the sources give \(remap.family)")
    }
    if let difference = DocumentDifference.first(
      of: documents.configuration, from: remap.configuration.json, at: "configuration")
    {
      throw WeightsError(
        .verifyConfiguration, .checkFailed, file: bundle.path, difference.words)
    }
  }
}

extension WeightsError.Code {
  /// The configuration of a bundle is not what its sources give.
  public static let verifyConfiguration = Self("verify.configuration")
}
