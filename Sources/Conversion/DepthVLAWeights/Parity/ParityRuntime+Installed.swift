import DVLADiagnostics
import DVLAImages
import DVLAModels
import DVLAParity
import DVLATensorMath

extension ParityRuntime {
  /// The models and image processors of this package.
  public static let installed = ParityRuntime(
    loadModel: { (family, configuration, source, products, threads) throws(WeightsError) in
      try ModelFactory.load(
        family: family, configuration: configuration, source: source,
        products: products, on: Compute(threads: threads))
    },
    process: { (result, picture) throws(WeightsError) in
      guard let backend = PictureBackend(rawValue: result.backend) else { return nil }
      let image = RGBImage(width: picture.width, height: picture.height, pixels: picture.rgb)
      let square = PixelSize(height: result.size, width: result.size)
      let method = ResizeMethod(backend)
      return switch result.processor {
      case "siglip": try SiglipProcessor(size: square, method: method)(image)
      case "dpt": try DepthAnythingProcessor(size: square, method: method)(image)
      default: nil
      }
    })
}
