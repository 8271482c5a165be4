import DVLADiagnostics
import Glibc

/// The error code, exit status and words for an `errno` value.
public struct SystemFailure {
  let code: WeightsError.Code
  let kind: WeightsError.Kind

  init(_ number: Int32, while task: FileTask) {
    let isOutput = task == .creating || task == .writing
    (code, kind) =
      switch number {
      case ENOENT where task == .creating: (.fileCannotCreate, .cannotCreate)
      case ENOENT: (.fileNotFound, .notFound)
      case EACCES, EPERM: (.filePermission, isOutput ? .cannotCreate : .inputOutput)
      case EEXIST, ENOTEMPTY: (.fileExists, .cannotCreate)
      case EMFILE, ENFILE, ENOMEM: (.fileUnavailable, .unavailable)
      case ENOSPC, EFBIG, EDQUOT: (.fileNoSpace, .inputOutput)
      case ENAMETOOLONG: (.filePath, isOutput ? .cannotCreate : .notFound)
      case ENOTDIR where !isOutput: (.fileNotFound, .notFound)
      case ELOOP where !isOutput: (.fileLink, .malformed)
      case EISDIR where !isOutput: (.fileNotRegular, .malformed)
      default:
        switch task {
        case .opening, .reading: (.fileRead, .inputOutput)
        case .creating: (.fileCannotCreate, .cannotCreate)
        case .writing: (.fileWrite, .inputOutput)
        }
      }
  }

  /// What such a number means, as messages say it.
  public static func words(_ number: Int32) -> String {
    switch number {
    case ENOENT: "no such file or folder"
    case EACCES, EPERM: "permission denied"
    case EEXIST: "it already exists"
    case ENOTEMPTY: "a folder with that name exists and is not empty"
    case EISDIR: "it is a folder"
    case ENOTDIR: "a part of the path is not a folder"
    case EROFS: "the file system is read-only"
    case EMFILE: "this process has too many open files (see ulimit -n)"
    case ENFILE: "the system has too many open files"
    case ENOMEM: "out of memory"
    case EIO: "the device reports an input/output error"
    case ENOSPC: "no space left on the device"
    case EDQUOT: "the disk quota is used up"
    case EFBIG: "larger than the file size limit (see ulimit -f, or the file system's own)"
    case ENAMETOOLONG: "the path or a name in it is too long"
    case ELOOP: "too many symbolic links"
    default: unsafe "error \(number), \(String(cString: strerror(number)))"
    }
  }
}

/// What was being done when a system call failed; it decides the class of the failure.
enum FileTask {
  case opening, reading, creating, writing
}

extension WeightsError {
  /// The error for an `errno` value.
  static func system(_ number: Int32, while task: FileTask, file: String) -> WeightsError {
    let failure = SystemFailure(number, while: task)
    let prefix =
      switch task {
      case .opening: "cannot be opened: "
      case .reading: "cannot be read: "
      case .creating: "cannot be created: "
      case .writing: "cannot be written: "
      }
    return WeightsError(
      failure.code, failure.kind, file: file, prefix + SystemFailure.words(number))
  }
}
