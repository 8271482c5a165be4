import DepthVLAWeights
import Diagnostics
import Images
import Models
import TensorMath

extension ParityRuntime {
  /// The models and image processors of this command.
  static let installed = ParityRuntime(
    loadModel: { (family, configuration, source, products, threads) throws(WeightsError) in
      try ModelFactory.load(
        family: family, configuration: configuration, source: source,
        products: products, on: Compute(threads: threads))
    },
    process: { (processor, size, picture) throws(WeightsError) in
      let image = RGBImage(width: picture.width, height: picture.height, pixels: picture.rgb)
      let square = PixelSize(height: size, width: size)
      return switch processor {
      case "siglip": try SiglipProcessor(size: square)(image)
      case "dpt": try DepthAnythingProcessor(size: square)(image)
      default: nil
      }
    })
}
