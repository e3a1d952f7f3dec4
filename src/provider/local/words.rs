//! What Chinese line breaking has to know of single words: which bind to their neighbours, and
//! common words that the segmenter's dictionary lacks. Knows nothing of widths or lines.

/// Words that lean on what stands before them: no line begins with one.
const TRAILERS: &str = "的了着过吗呢吧啊呀们地得之么嘛哦儿";

/// Single-character words that lean on what comes after them: no line ends with one.
const LEADERS: &str = "从在用与和或及把被给对向为让使由以于到至第每各不没很最更太都就也还再又可能会要想这那该本此\
多大小老新高低全超非无做学写教是有比按跟当等只仅约近满共达前你我他她它零一二三四五六七八九十百千万亿两几";

/// Characters that count or measure when they follow a number.
const COUNTERS: &str = "天年月日周个条款门讲节课招步层位席人名次遍分秒元块万亿千百倍折期章篇页张套种类本件台只岁届场家国省市\
号集部行字度寸米克升吨点级版代轮组项城座关题句词";

/// Units of more than one character.
const UNITS: [&str; 22] = [
    "小时",
    "分钟",
    "星期",
    "公里",
    "公斤",
    "课时",
    "学时",
    "学期",
    "美元",
    "欧元",
    "日元",
    "港币",
    "美金",
    "平方",
    "毫米",
    "厘米",
    "千米",
    "毫秒",
    "工作日",
    "自然日",
    "个月",
    "季度",
];

/// Words of courses, campaigns and software that the dictionary cuts into pieces.
const WORDS: [&str; 142] = [
    "播客",
    "剪辑",
    "运维",
    "避坑",
    "插件",
    "文档",
    "开源",
    "重构",
    "微调",
    "智能体",
    "训练营",
    "实战营",
    "知识库",
    "工作流",
    "路线图",
    "大模型",
    "设计师",
    "工程师",
    "架构师",
    "开发者",
    "创作者",
    "产品经理",
    "小红书",
    "公众号",
    "视频号",
    "朋友圈",
    "抖音",
    "快手",
    "知乎",
    "微博",
    "直播",
    "短视频",
    "封面图",
    "提示词",
    "全栈",
    "前端",
    "后端",
    "优化",
    "铁律",
    "干货",
    "复盘",
    "打卡",
    "答疑",
    "结业",
    "作品集",
    "小班",
    "报名",
    "限时",
    "启动",
    "上线",
    "上手",
    "入门",
    "进阶",
    "实操",
    "拆解",
    "落地",
    "变现",
    "涨粉",
    "引流",
    "私域",
    "选题",
    "文案",
    "排版",
    "配图",
    "海报",
    "裂变",
    "转化率",
    "用户",
    "增长",
    "留存",
    "面试官",
    "简历",
    "跳槽",
    "涨薪",
    "副业",
    "远程",
    "自由职业",
    "创业者",
    "低代码",
    "无代码",
    "自动化",
    "数据库",
    "机器学习",
    "深度学习",
    "神经网络",
    "强化学习",
    "多模态",
    "向量",
    "检索",
    "爬虫",
    "算法",
    "编程",
    "代码",
    "脚本",
    "命令行",
    "终端",
    "编辑器",
    "浏览器",
    "服务器",
    "云端",
    "容器",
    "微服务",
    "部署",
    "调试",
    "测试",
    "架构",
    "性能",
    "并发",
    "缓存",
    "接口",
    "协议",
    "加密",
    "权限",
    "论文",
    "手册",
    "指南",
    "清单",
    "模板",
    "案例",
    "技巧",
    "方法论",
    "思维导图",
    "效率",
    "笔记",
    "读懂",
    "学会",
    "搞定",
    "必学",
    "必备",
    "一句话",
    "说清",
    "讲透",
    "看懂",
    "写好",
    "做好",
    "学好",
    "用好",
    "一天",
    "一周",
    "精华版",
    "加餐",
    "福利",
];

/// The length in bytes of the longest word of the list that `text` begins with.
pub(super) fn known(text: &str) -> Option<usize> {
    WORDS
        .iter()
        .filter(|word| text.starts_with(**word))
        .map(|word| word.len())
        .max()
}

/// Whether the word never begins a line.
pub(super) fn trails(word: &str) -> bool {
    single(word).is_some_and(|c| TRAILERS.contains(c))
}

/// Whether the word never ends a line.
pub(super) fn leads(word: &str) -> bool {
    single(word).is_some_and(|c| LEADERS.contains(c))
}

/// Whether the word begins with what is counted when a number stands before it.
pub(super) fn counts(word: &str) -> bool {
    word.chars().next().is_some_and(|c| COUNTERS.contains(c))
        || UNITS.iter().any(|unit| word.starts_with(unit))
}

/// The only character of a word that has just one.
pub(super) fn single(word: &str) -> Option<char> {
    let mut chars = word.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Some(c),
        _ => None,
    }
}

/// Hanzi, kana and hangul: scripts that are written without spaces between the words.
pub(super) fn is_han(c: char) -> bool {
    matches!(c,
        '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}'
        | '\u{3041}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{3131}'..='\u{318e}'
        | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}' | '\u{3220}'..='\u{33ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// No line begins with it.
pub(super) fn closes(c: char) -> bool {
    "、，。．！？：；）】》〉」』”’…—–·・~～%％‰℃°!?,.:;)]}>›»℉々ー‐".contains(c)
}

/// No line ends with it.
pub(super) fn opens(c: char) -> bool {
    "（【《〈「『“‘([{<‹«￥¥$€£#＃@".contains(c)
}
