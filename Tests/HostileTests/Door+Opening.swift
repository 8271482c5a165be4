import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAGates
import DVLAHostileCorpus
import DVLAImages
import DVLAJSON
import DVLANormalization
import DVLANumPyFiles
import DVLANumPyMessages
import DVLAParity
import DVLAQuantization
import DVLARemapping
import DVLASafetensors
import DVLASigning
import DVLATestSupport
import DVLATokenization
import DepthVLAWeights
import Glibc

extension HostileCase.Door {
  private static let library = Result { () throws(WeightsError) in try ManifestLibrary.embedded() }

  /// Gives the path to what reads it, as far as the command goes before it does its work.
  func open(_ path: String) throws(WeightsError) {
    func bytes() throws(WeightsError) -> [UInt8] { try readWholeFile(path: path, limit: 64 << 20) }
    switch self {
    case .safetensors: _ = try SafetensorsFile(path: path)
    case .folder: _ = try Checkpoint(path: path)
    case .config:
      let library = try Self.library.get()
      _ = try Conversion(
        sources: [ImportedSource(path: path, library: library)],
        options: ConversionOptions(recipe: .preset(.source)), library: library)
    case .model:
      let library = try Self.library.get()
      let conversion = try Conversion(
        sources: [ImportedSource(path: path, library: library)],
        options: ConversionOptions(recipe: .preset(.source)), library: library)
      let target = path + ".dvla"
      _ = try conversion.write(to: target)
      // What is sound is taken, and leaves a bundle.
      _ = unsafe unlink(target)
    case .manifest:
      var library = try Self.library.get()
      try library.add(bytes(), file: path)
    case .recipe: _ = try Recipe(json: StrictJSON.parse(bytes()))
    case .golden: _ = try Golden(path: path)
    case .tolerances: _ = try Tolerances(json: StrictJSON.parse(bytes()))
    case .statistics: _ = try PolicyStatistics(contents: bytes(), fileName: path)
    case .pipeline: _ = try LeRobotPipeline(.before, contents: bytes())
    case .tokenizerJSON: _ = try Tokenizer(tokenizerJSON: bytes())
    case .tokenizerModel: _ = try Tokenizer(sentencePieceModel: bytes())
    case .image: _ = try ImageFile.read(path: path)
    case .npy: _ = try NPYArray(bytes())
    case .bundle: try Self.openBundle(path)
    case .preprocessor:
      _ = try DINOv2Processor(
        preprocessorConfig: JSONReader(StrictJSON.parse(bytes(), limits: .document)).object().object
      )
    case .message: _ = try NumPyMessage.decode(bytes())
    case .budget: _ = try Budget(path: path)
    case .calibration: _ = try Calibration(path: path)
    case .gate:
      let key = try PublicKey(path: FixtureFolder.path("signing/ed25519.pub.pem"))
      _ = try GateFile(path: path).verify(trusting: [key])
    case .signature:
      let key = try PublicKey(path: FixtureFolder.path("signing/p256.pub.pem"))
      _ = try SignatureFile(readWholeFile(path: path, limit: SignatureFile.byteCountLimit))
        .verify(trusting: [key])
    }
  }

  /// Opens, verifies and loads. What a verification finds sound loads, by either check.
  private static func openBundle(_ path: String) throws(WeightsError) {
    var loading: WeightsError?
    for check in [ChunkCheck.checksum, .digest] {
      let bundle = try WeightBundle(path: path, check: check)
      do throws(WeightsError) {
        try bundle.load(threads: 1) { _, _ in }
        for asset in bundle.assets { _ = try bundle.bytes(of: asset) }
      } catch { loading = error }
    }
    if let damage = try WeightBundle(path: path).verify(threads: 1).damages.first {
      throw damage.error
    }
    if let loading { throw loading }
  }
}
