import DepthVLAWeights
import Diagnostics
import Models
import TensorMath

extension ParityRuntime {
  /// The models and image processors of this command.
  static let installed = ParityRuntime(
    loadModel: { (family, configuration, source, threads) throws(WeightsError) in
      try ModelFactory.load(
        family: family, configuration: configuration, source: source,
        on: Compute(threads: threads))
    },
    process: { _, _, _ in nil })
}
