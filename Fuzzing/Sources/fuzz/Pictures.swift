import DVLADiagnostics
import DVLAImages

extension FuzzTarget {
  /// Pictures, small ones: the memory a large one takes is its own.
  static let pictures = [
    FuzzTarget("image") { (bytes) throws(WeightsError) in
      var limits = ImageLimits()
      limits.pixelCount = 1 << 16
      let image = try ImageFile.decode(bytes, limits: limits)
      demand(image.width * image.height <= limits.pixelCount, "a picture within the limits")
      demand(image.pixels.count == 3 * image.width * image.height, "three bytes for each pixel")
    }
  ]
}
