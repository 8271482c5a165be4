import DVLADiagnostics
import DVLAImages
import DVLAModels
import DVLATensors

/// One way to bring a picture into the square that an encoder sees.
enum PictureFit: Sendable {
  case stretched(SiglipProcessor)
  case padded(PaddedProcessor)
  case lerobot(LeRobotProcessor)
  case transformers(PI0Processor)
  case exact(PixelSize)

  /// - Parameters:
  ///   - vision: the settings in the files beside the weights; nil: there are none.
  /// - Throws: `model.configuration` where the files belong to another way, or make pictures of
  ///   another size than the model needs.
  init(
    _ fit: PolicySettings.ImageFit, side: Int, _ vision: VisionProcessor?,
    backend: PictureBackend
  ) throws(WeightsError) {
    let square = PixelSize(height: side, width: side)
    switch (fit, vision) {
    case (.stretch, .siglip(let processor)):
      guard processor.size == square else { throw Self.otherSize(processor.size, than: square) }
      self = .stretched(processor)
    case (.stretch, nil):
      self = .stretched(SiglipProcessor(size: square, method: ResizeMethod(backend)))
    case (.transformers, .pi0(let processor)):
      guard processor.frame == square else { throw Self.otherSize(processor.frame, than: square) }
      self = .transformers(processor)
    case (.transformers, nil): self = .transformers(PI0Processor(limit: square, frame: square))
    case (.transformers, .siglip):
      throw Self.otherProcessor("SiglipImageProcessor", fit, instead: .stretch)
    case (_, .pi0): throw Self.otherProcessor("PI0ImageProcessor", fit, instead: .transformers)
    case (.pad, .siglip(let processor)):
      // openpi's own arithmetic is that of the Pillow backend.
      self = .padded(
        PaddedProcessor(
          size: square,
          normalization: PixelNormalization(
            rescaleFactor: processor.normalization.rescaleFactor,
            processor.normalization.meanAndDeviation, backend: .pil)))
    case (.pad, nil): self = .padded(PaddedProcessor(size: square))
    case (.exact, _): self = .exact(square)
    case (.lerobot2025February, _): self = .lerobot(.init(size: square, version: .february2025))
    case (.lerobot2025October, _): self = .lerobot(.init(size: square, version: .october2025))
    case (.lerobot2026March, _): self = .lerobot(.init(size: square, version: .march2026))
    }
  }

  private static func otherSize(_ found: PixelSize?, than square: PixelSize) -> WeightsError {
    WeightsError(
      .modelConfiguration,
      "the preprocessor makes pictures of \(found.map(String.init(describing:)) ?? "any size"); the "
        + "model needs \(square)")
  }

  private static func otherProcessor(
    _ type: String, _ fit: PolicySettings.ImageFit, instead: PolicySettings.ImageFit
  ) -> WeightsError {
    WeightsError(
      .modelConfiguration,
      "image_fit is \(fit.rawValue), but the preprocessor is a \(type), which belongs to image_fit "
        + instead.rawValue,
      remedies: [.setValue(key: "image_fit", value: instead.rawValue)])
  }

  /// The picture as the VLM sees it, [3, H, W].
  ///
  /// - Throws: `image.aspect`, `image.too-large`, `image.size`.
  func pixels(_ image: RGBImage) throws(WeightsError) -> Tensor {
    switch self {
    case .stretched(let processor): try processor(image)
    case .padded(let processor): try processor(image)
    case .lerobot(let processor): try processor(image)
    case .transformers(let processor): try processor(image)
    case .exact(let size): try Self.signed(Self.checked(image, size).fractions)
    }
  }

  /// [3, H, W], the same view for the depth encoder. The area beside the picture is black; with
  /// transformers' processor it is 0 after normalisation.
  ///
  /// - Throws: as ``pixels(_:)``.
  func pixels(
    _ image: RGBImage, normalization: PixelNormalization
  ) throws(WeightsError) -> Tensor {
    switch self {
    case .stretched(let processor):
      guard let size = processor.size else { return normalization(image) }
      return normalization(try image.stretched(to: size, by: processor.method))
    case .padded(let processor): return normalization(try processor.frame(image))
    case .lerobot(let processor):
      return normalization(fractions: try processor.frame(image, padding: 0))
    case .transformers(let processor):
      return try PI0Processor(
        limit: processor.limit, frame: processor.frame, method: processor.method,
        normalization: normalization)(image)
    case .exact(let size): return normalization(try Self.checked(image, size))
    }
  }

  /// The rows and columns of the square that the picture fills; nil where it fills them all.
  ///
  /// - Throws: as ``pixels(_:)``.
  func content(
    of image: RGBImage
  ) throws(WeightsError) -> (rows: Range<Int>, columns: Range<Int>)? {
    switch self {
    case .stretched, .exact: nil
    case .padded(let processor): try processor.content(of: image)
    case .lerobot(let processor): try processor.content(of: image)
    case .transformers(let processor): try processor.content(of: image)
    }
  }

  private static func signed(_ fractions: Tensor) -> Tensor {
    Tensor(fractions.values.map { $0 * 2 - 1 }, shape: fractions.shape)
  }

  private static func checked(
    _ image: RGBImage, _ size: PixelSize
  ) throws(WeightsError) -> RGBImage {
    guard image.size == size else {
      throw WeightsError(
        .imageSize,
        "image_fit is exact, as with lerobot's resize_imgs_with_padding null: expected a picture of "
          + "\(size.width) x \(size.height) pixels, found \(image.width) x \(image.height)")
    }
    return image
  }
}
