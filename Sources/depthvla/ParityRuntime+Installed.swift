import DepthVLAWeights
import Diagnostics

extension ParityRuntime {
  /// The models and image processors of this command.
  static let installed = ParityRuntime(
    loadModel: { (family, _, _, _) throws(WeightsError) in
      throw WeightsError(.modelFamily, .usage, "there is no forward pass of \(family.quoted)")
    },
    process: { _, _, _ in nil })
}

extension WeightsError.Code {
  /// There is no forward pass for that family.
  static let modelFamily = Self("model.family")
}
