//! What Chinese line breaking has to know of single words: which bind to their neighbours, and
//! common words that the segmenter's dictionary lacks. Knows nothing of widths or lines.

/// Words that lean on what stands before them: no line begins with one.
const TRAILERS: &str = "的了着过吗呢吧啊呀们地得之么嘛哦儿里";

/// Single-character words that lean on what comes after them: no line ends with one.
const LEADERS: &str = "从在用与和或及把被给对向为让使由以于到至第每各不没很最更太都就也还再又可能会要想这那该本此\
多大小老新高低全超非无做学写教是有比按跟当等只仅约近满共达前你我他她它越替开买看吃喝听读搞找拍画讲去住玩选零一二三四五六七八九十百千万亿两几";

/// Those of them that may end a word as well: 发布会, 经济学, 笔记本.
const SUFFIXES: &str = "会学本能达用教大小多约高";

/// Characters that count or measure when they follow a number.
const COUNTERS: &str = "天年月日周个条款门讲节课招步层位席人名次遍分秒元块万亿千百倍折期章篇页张套种类本件台只岁届场家国省市\
号集部行字度寸米克升吨点级版代轮组项城座关题句词笔单双对份把支枝朵棵颗粒滴片段首道顿杯碗盘盒袋瓶包斤两口匹头间栋户栏排\
班队群批样寸尺亩平里亿角毛成时刻世回趟声眼楼厘站格帧码列辆架艘幅副封根堂滴笼串桶箱罐起通环局";

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
const WORDS: &str = "播客 剪辑 运维 避坑 插件 文档 开源 重构 微调 智能体 训练营 实战营 知识库 工作流 路线图 大模型 设计师 工程师 架构师 \
开发者 创作者 产品经理 小红书 公众号 视频号 朋友圈 抖音 快手 知乎 微博 直播 短视频 封面图 提示词 全栈 前端 后端 优化 \
铁律 干货 复盘 打卡 答疑 结业 作品集 小班 报名 限时 启动 上线 上手 入门 进阶 实操 拆解 落地 变现 涨粉 引流 私域 选题 文案 \
排版 配图 海报 裂变 转化率 用户 增长 留存 面试官 简历 跳槽 涨薪 副业 远程 自由职业 创业者 低代码 无代码 自动化 自动化测试 数据库 \
机器学习 深度学习 神经网络 强化学习 多模态 向量 检索 爬虫 算法 编程 代码 脚本 命令行 终端 编辑器 浏览器 服务器 云端 \
容器 微服务 部署 调试 测试 架构 性能 并发 缓存 接口 协议 加密 权限 论文 手册 指南 清单 模板 案例 技巧 方法论 思维导图 \
效率 笔记 读懂 学会 搞定 必学 必备 一句话 说清 讲透 看懂 写好 做好 学好 用好 一天 一周 精华版 加餐 福利 转行 转岗 重写 \
重做 说清楚 说明白 讲清楚 想清楚 看清楚 吃遍 喘口气 花在 手把手 一步步 一口气 把话 胡同 人工智能 机器人 程序员 自媒体 新媒体 短剧 \
带货 种草 拔草 探店 打工人 上班族 小白 新手 零基础 实战课 公开课 直播间 直播课 录播课 训练课 体验课 精品课 系列课 \
大师课 研讨会 分享会 发布会 读书会 音乐会 博览会 见面会 运动会 演唱会 招聘会 说明会 家长会 大会 峰会 笔记本 太阳能 \
新能源 经济学 心理学 社会学 金融学 设计学 方法学 年货节 开学季 毕业季 购物节 早鸟价 优惠券 会员日 满减 秒杀 包邮 首发 \
上新 新品 爆款 爆文 起号 养号 复购 拉新 促活 转介绍 社群 社区 私教 内推 校招 秋招 春招 面经 刷题 考研 考公 考证 雅思 托福 \
英语 口语 单词 写作 写作课 朗读 阅读 速读 精读 书单 影单 歌单 菜谱 食谱 减脂 减肥 增肌 瑜伽 普拉提 护肤 美妆 穿搭 收纳 \
断舍离 装修 家装 露营 徒步 骑行 自驾 旅行 攻略 目的地 打卡点 民宿 亲子 育儿 早教 绘本 手账 水彩画 油画 书法 摄影 剪映 \
调色 修图 抠图 建模 渲染 动效 交互 界面 图标 字体 字号 配色 版式 留白 品牌 视觉 设计感 高级感 氛围感 松弛感 仪式感 \
确定性 不确定性 内耗 焦虑 拖延症 完美主义 长期主义 极简主义 认知 思维 底层逻辑 方法 工具箱 工具书 模型 大语言模型 \
语言模型 生成式 开发板 单片机 物联网 区块链 云计算 大数据 数据分析 数据科学 可视化 知识产权 产品力 执行力 领导力 \
影响力 创造力 专注力 记忆力 想象力 竞争力 表达力 性价比 流水线 时间线 截止日 倒计时 进行时 全流程 全攻略 全家桶 全屋 \
保姆级 懒人包 避雷 踩坑 翻车 真相 秘密 秘籍 宝典 圣经 合集 精选 盘点 测评 评测 开箱 对比 横评 教程 课程 讲座 沙龙 路演 \
黑客松 马拉松 售后服务 家庭教育 电子商务 跨境电商 社会主义 可口可乐 操作系统 义务教育 航空母舰";

/// The length in bytes of the longest word of the list that `text` begins with.
pub(super) fn known(text: &str) -> Option<usize> {
    WORDS
        .split(' ')
        .filter(|word| text.starts_with(word))
        .map(str::len)
        .max()
}

/// Whether the word never begins a line.
pub(super) fn trails(word: &str) -> bool {
    let place = word.strip_suffix('的').and_then(single); // 书|上的
    word.chars().all(|c| TRAILERS.contains(c))
        || place.is_some_and(|c| "上中下内外前后间".contains(c))
}

/// Whether the word never ends a line.
pub(super) fn leads(word: &str) -> bool {
    single(word).is_some_and(|c| LEADERS.contains(c))
}

/// Whether the word is surely a noun, and belongs to the Latin word before it: AI 工程师.
pub(super) fn is_noun(word: &str) -> bool {
    word.ends_with([
        '师', '员', '者', '家', '课', '营', '图', '库', '器', '书', '册', '文', '法', '术',
    ]) && word.chars().count() > 2
}

/// Whether the unit measures time or money, which says when or for how much.
pub(super) fn spans(word: &str) -> bool {
    word.starts_with([
        '天', '年', '月', '日', '周', '岁', '元', '折', '时', '秒', '分', '届', '期', '点',
    ]) || UNITS.iter().any(|unit| word.starts_with(unit))
}

/// Whether a new part of the sentence begins with the word: 也要, 还能, 但是.
pub(super) fn turns(word: &str) -> bool {
    word.starts_with(['也', '却', '但', '又', '还', '而']) && word.chars().count() == 2
}

/// Whether the word makes a verb of the character before it: 花在, 毁了.
pub(super) fn completes(word: &str) -> bool {
    single(word).is_some_and(|c| "了着过在到给成出入向往".contains(c))
}

/// Whether the word never ends a line by itself, but may end a longer word.
pub(super) fn suffixes(word: &str) -> bool {
    single(word).is_some_and(|c| SUFFIXES.contains(c))
}

/// Whether the word begins with what is counted when a number stands before it.
pub(super) fn counts(word: &str) -> bool {
    word.chars().next().is_some_and(|c| COUNTERS.contains(c))
        || UNITS.iter().any(|unit| word.starts_with(unit))
}

/// Whether the word names a part of a date or of a time that another part follows.
pub(super) fn dates(word: &str) -> bool {
    matches!(word, "月" | "点" | "时" | "小时" | "分")
}

/// The only character of a word that has just one.
pub(super) fn single(word: &str) -> Option<char> {
    let mut chars = word.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Some(c),
        _ => None,
    }
}

/// Hanzi and kana: scripts that are written without spaces between the words.
pub(super) fn is_han(c: char) -> bool {
    matches!(c,
        '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}'
        | '\u{3041}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3220}'..='\u{33ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Hangul: as wide as hanzi, but written with spaces between the words.
pub(super) fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}')
}

/// Hiragana: the particles and endings of Japanese.
pub(super) fn is_hiragana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{309f}')
}

/// A sign that is drawn as a picture.
pub(super) fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b1b}' | '\u{2b1c}' | '\u{2b50}' | '\u{2b55}')
}

/// No line begins with it.
pub(super) fn closes(c: char) -> bool {
    "、，。．！？｜|：；）】》〉」』〕〗”’…—–·・~～〜%％‰℃°!?,.:;)]}>›»℉々〻ー‐ゝゞヽヾ\
ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
        .contains(c)
        || matches!(c, '\u{31f0}'..='\u{31ff}')
}

/// No line ends with it.
pub(super) fn opens(c: char) -> bool {
    "（【《〈「『〔〖“‘([{<‹«￥¥$€£#＃@".contains(c)
}
