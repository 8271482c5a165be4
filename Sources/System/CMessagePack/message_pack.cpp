#include "message_pack.h"
